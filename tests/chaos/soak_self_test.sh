#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A soak passes as the sources are, and fails for each mistake that its bank makes on purpose.
# usage: soak_self_test.sh BUILD-DIRECTORY
set -eu
build=$1
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"

soak() {
    "$(dirname "$0")/soak" --minutes 3 --rounds "$@" "$build"
}

# finds LEAK COUNTER: a line of the verdict has failed.
finds() {
    fails "a leak: $1" soak 6 --round 2 --calm --leak "$1"
    checks=$((checks + 1))
    printf '%s\n' "$output" | grep -q "^$2 .*FAILED$" || fail_check "$1: '$2' has not failed" "$output"
}

succeeds 'no leak' soak 8 --round 2 --calm
says ', 8 rounds, '
finds connection 'sum: pool_in_use'
finds descriptor 'bank: descriptors'
finds memory 'bank: memory KiB'
finds update 'sum: wrong_ledger'
finish_checks
