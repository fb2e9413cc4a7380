#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The checker finds what is wrong with each history of histories/, which is named
# after it, and nothing else; those named well-... are correct.
# usage: si_doctored.sh SI_CHECK
set -eu
check=$1
failures=0
count=0
for folder in "$(dirname "$0")"/histories/*/; do
    name=$(basename "$folder")
    kind=${name%%-*}
    status=0
    output=$("$check" "$folder") || status=$?
    found=$(printf '%s\n' "$output" | sed -n 's/^\([a-z]*\): .*/\1/p' | sort -u)
    case $kind in
    well) wanted="" wanted_status=0 ;;
    *) wanted=$kind wanted_status=1 ;;
    esac
    count=$((count + 1))
    if [ "$found" != "$wanted" ] || [ "$status" -ne "$wanted_status" ]; then
        failures=$((failures + 1))
        printf 'FAILED: %s, status %d:\n%s\n' "$name" "$status" "$output" >&2
    fi
done
printf '%d passed, %d failed\n' $((count - failures)) "$failures"
[ "$failures" -eq 0 ] && [ "$count" -gt 10 ]
