# shellcheck shell=sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Assertions for the integration tests; source it.  `finish_checks` ends a test.
checks=0
failures=0
output=""

fail_check() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/    /' >&2
}

# succeeds WHAT COMMAND...: output in $output.
succeeds() {
    what=$1
    shift
    checks=$((checks + 1))
    output=$("$@" 2>&1) || fail_check "$what: exit status $?" "$output"
}

# fails WHAT COMMAND...: exit status in $status, output in $output.
fails() {
    what=$1
    shift
    checks=$((checks + 1))
    status=0
    output=$("$@" 2>&1) || status=$?
    [ "$status" -ne 0 ] || fail_check "$what: succeeded" "$output"
}

# says TEXT: $output has it.
says() {
    checks=$((checks + 1))
    case $output in
    *"$1"*) ;;
    *) fail_check "$what: does not say '$1'" "$output" ;;
    esac
}

equals() {
    checks=$((checks + 1))
    [ "$2" = "$3" ] || fail_check "$1: '$2' is not '$3'"
}

# Whether the programs were built with the address sanitizer, which keeps freed memory and a copy
# of the environment.
is_sanitized() { grep -q __asan_init "$DSQL"; }

finish_checks() {
    printf '%d passed, %d failed\n' $((checks - failures)) "$failures"
    [ "$failures" -eq 0 ]
}
