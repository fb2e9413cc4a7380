#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Kills what belongs to a local cluster with SIGKILL, again and again, under a bank whose
# connections are cut at random bytes, and starts the cluster again each time.
# usage: kill.sh CHAOS_BANK SECONDS [SEED]      (inside with_cluster)
set -eu
bank=$1
seconds=$2
seed=${3:-$$}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-kill.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

strike() {
    case $((round % 5)) in
    0) kind=daemon ;;
    1) kind=postmaster ;;
    2 | 3) kind=child ;;
    4) kind=both ;;
    esac
    "$(dirname "$0")/strike" "$kind" $((round * 7)) || {
        echo "FAILED: round $round, seed $seed" >&2
        exit 1
    }
}

"$bank" "$seconds" 8 "$seed" 40000 >"$scratch/bank.out" 2>"$scratch/bank.err" &
bank_pid=$!
until grep -q working "$scratch/bank.out"; do
    kill -0 "$bank_pid" 2>/dev/null || { cat "$scratch/bank.err" >&2; exit 1; }
    sleep 0.05
done

round=0
end=$(($(date +%s) + seconds))
while [ "$(date +%s)" -lt "$end" ]; do
    sleep 0.7
    strike
    round=$((round + 1))
done

status=0
wait "$bank_pid" || status=$?
echo "$round rounds"
cat "$scratch/bank.out"
sort "$scratch/bank.err" | uniq -c | sort -rn | head -n 40 >&2
exit "$status"
