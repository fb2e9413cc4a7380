#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Records and judges: a few rounds of different contention, each with a new seed, which
# is printed.  With --must-fail the judge has to find something.
# usage: si_run.sh [--must-fail] BUILD-DIRECTORY SECONDS-A-ROUND [SEED]
set -eu
must_fail=false
[ "$1" != --must-fail ] || { must_fail=true && shift; }
build=$1
seconds=$2
seed=${3:-$$}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-si.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# Clients, rows, and whether definitions change meanwhile.
shapes='4,6,0 8,15,0 6,20,1 12,100,0'
! $must_fail || shapes='4,6,0 8,15,0'

for shape in $shapes; do
    rm -f "$scratch"/*.history
    # shellcheck disable=SC2046 # three words
    set -- $(echo "$shape" | tr , ' ')
    "$build/occ_si_stress" --dir "$scratch" --clients "$1" --rows "$2" --seconds "$seconds" \
        --seed "$seed" --ddl "$3" >"$scratch/log" || { cat "$scratch/log" && exit 1; }
    status=0
    "$build/occ_si_check" "$scratch" >"$scratch/verdict" || status=$?
    if $must_fail; then
        [ "$status" -eq 1 ] || { cat "$scratch/verdict" && exit 1; }
        tail -n 1 "$scratch/verdict"
        continue
    fi
    echo "$1 clients, $2 rows, DDL $3, seed $seed: $(tail -n 1 "$scratch/verdict")"
    sed -n 's/.*longest statement /    longest statement: /p' "$scratch/log" | sort -n -k 3 | tail -n 1
    if [ "$status" -ne 0 ]; then
        cat "$scratch/verdict" >&2
        kept=$(mktemp -d "${TMPDIR:-/tmp}/dsql-si-kept.XXXXXX")
        cp "$scratch"/*.history "$kept"
        echo "the histories are in $kept" >&2
        exit 1
    fi
    seed=$((seed + 1))
done
