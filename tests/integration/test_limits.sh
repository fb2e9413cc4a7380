#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Time limits of statements, through the gateway.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

succeeds 'statements are cancelled' "$BUILD/tests/integration/cancelled_statement/cancelled_statement"
