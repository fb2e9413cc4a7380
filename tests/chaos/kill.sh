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

daemon() {
    "$DSQL" local status --dir "$CLUSTER_DIR" --output json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'
}

postmaster() {
    sed -n 1p "$CLUSTER_DIR/data/postmaster.pid" 2>/dev/null || true
}

# A child of the postmaster, such as a backend; which one depends on the round.
child_of_postmaster() {
    server=$(postmaster)
    [ -n "$server" ] || return 0
    children=$(pgrep -P "$server" || true)
    # shellcheck disable=SC2086
    set -- $children
    [ $# -eq 0 ] || {
        shift $((round * 7 % $#))
        echo "$1"
    }
}

kill_now() {
    [ -z "$1" ] || [ "$1" = 0 ] || kill -KILL "$1" 2>/dev/null || true
}

strike() {
    case $((round % 5)) in
    0) kill_now "$(daemon)" ;;
    1) kill_now "$(postmaster)" ;;
    2 | 3) kill_now "$(child_of_postmaster)" ;;
    4)
        server=$(postmaster)
        kill_now "$(daemon)"
        kill_now "$server"
        ;;
    esac
}

# A PostgreSQL that has been killed several times in a row is started again more and more slowly, and
# start reports that instead of waiting.
start_again() {
    tries=0
    until "$DSQL" local start --dir "$CLUSTER_DIR" --port "$PGPORT" >"$scratch/start.out" 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || {
            echo "FAILED: start in round $round, seed $seed" >&2
            cat "$scratch/start.out" >&2
            exit 1
        }
        sleep 1
    done
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
    start_again
    round=$((round + 1))
done

status=0
wait "$bank_pid" || status=$?
echo "$round rounds"
cat "$scratch/bank.out"
sort "$scratch/bank.err" | uniq -c | sort -rn | head -n 40 >&2
exit "$status"
