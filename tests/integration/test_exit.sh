#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A program that uses libdsql ends while its threads are inside the library.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

program=$BUILD/tests/integration/exit_at_work/exit_at_work
PGHOST=$CLUSTER_ENDPOINT
export PGHOST

ms=20
while [ "$ms" -lt 60 ]; do
    succeeds "main() returns after $ms ms" "$program" "$ms"
    succeeds "a destructor closes the pool after $ms ms" "$program" "$ms" close
    ms=$((ms + 2))
done

finish_checks
