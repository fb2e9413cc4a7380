#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Many commands at the same time on one cluster.  Whatever they do to each other, each answer is
# true: after a start that succeeded a login succeeds, unless another command has stopped the
# cluster since; after stop nothing runs; after destroy nothing is left.
# Usage: local_storms.sh DSQL [ROUNDS]
set -eu
dsql=$1
rounds=${2:-10}
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
base=$(mktemp -d /tmp/dsql-storms-XXXXXX)
chmod 0755 "$base"
dir=$base/cluster

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$dsql" local destroy --dir "$dir" >/dev/null 2>&1 || true
    rm -rf "$base"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

start() { "$dsql" local start --dir "$dir" --port 0; }
stop() { "$dsql" local stop --dir "$dir"; }
destroy() { "$dsql" local destroy --dir "$dir"; }

logs_in() {
    (eval "$("$dsql" local env --dir "$dir")" && "$dsql" psql -- -XAtc 'SELECT 1')
}

# True if no process has the directory in its command line.
is_nothing_left() {
    # shellcheck disable=SC2009 # pgrep -f would find this script
    ! ps -eo args | grep -F -- "-D $dir/data" | grep -vq grep
}

# start_and_login FILE: the exit status of start, and whether a login succeeds.
start_and_login() {
    status=0
    start >"$1.out" 2>&1 || status=$?
    echo "$status" >"$1"
    [ "$status" -ne 0 ] || logs_in >"$1.login" 2>&1 || echo "no login" >>"$1"
}

# 20 starts: one of them starts it, and all of them say that it runs.
pids=''
for i in $(seq 20); do
    start_and_login "$base/start.$i" &
    pids="$pids $!"
done
# shellcheck disable=SC2086 # a list
wait $pids
for i in $(seq 20); do
    equals "start $i of 20" "$(cat "$base/start.$i")" 0
done
already=$(cat "$base"/start.*.out | grep -c 'already running' || true)
equals 'of 20 starts, those that found it running' "$already" 19
equals 'data directories that were created' \
    "$(cat "$base"/start.*.out | grep -c 'creating the data directory' || true)" 1

# A start while the cluster stops: it runs afterwards, or the stop came last.
for i in $(seq "$rounds"); do
    stop >/dev/null 2>&1 &
    stopper=$!
    succeeds "start beside stop, round $i" start
    wait "$stopper" || fail_check "stop beside start, round $i"
    if "$dsql" local status --dir "$dir" >/dev/null 2>&1; then
        equals "start beside stop, round $i: login" "$(logs_in 2>&1)" 1
    else
        is_nothing_left || fail_check "stopped in round $i, and something runs"
        succeeds "start after stop, round $i" start
    fi
done

# A start while the cluster is being deleted: a new cluster, or none.
for i in $(seq "$rounds"); do
    destroy >"$base/destroy" 2>&1 &
    destroyer=$!
    start >"$base/out" 2>&1 || grep -q 'ended by signal' "$base/out" ||
        fail_check "start beside destroy, round $i" "$(cat "$base/out")"
    wait "$destroyer" || fail_check "destroy beside start, round $i" "$(cat "$base/destroy")"
    if "$dsql" local status --dir "$dir" >/dev/null 2>&1; then
        equals "start beside destroy, round $i: login" "$(logs_in 2>&1)" 1
    else
        is_nothing_left || fail_check "destroyed in round $i, and something runs"
        succeeds "start after destroy, round $i" start
    fi
done

# Everything at once.  What is true afterwards must be what status says.
for i in $(seq "$rounds"); do
    pids=''
    for command in start stop start destroy start stop; do
        $command >"$base/storm.$command" 2>&1 &
        pids="$pids $!"
    done
    for pid in $pids; do
        wait "$pid" || true
    done
    if "$dsql" local status --dir "$dir" >/dev/null 2>&1; then
        equals "storm $i: login" "$(logs_in 2>&1)" 1
    fi
    succeeds "storm $i: start afterwards" start
    equals "storm $i: login afterwards" "$(logs_in 2>&1)" 1
done
succeeds 'destroy at the end' destroy
is_nothing_left || fail_check 'something runs at the end'
finish_checks
