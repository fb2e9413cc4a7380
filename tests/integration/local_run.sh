#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# dsql local run: a cluster for one program, and nothing left behind whatever ends it.
# usage: local_run.sh DSQL
# shellcheck disable=SC2016 # the inner shells expand it
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
DSQL=$1
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/dsql-test-run.XXXXXX")
chmod 0711 "$TMPDIR"
export DSQL TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# The clusters are in TMPDIR, and a server's processes have the directory in their arguments.
nothing_is_left() {
    checks=$((checks + 1))
    rest=$(ls "$TMPDIR"; pgrep -a -f "$TMPDIR/dsql-run" || true)
    [ -z "$rest" ] || fail_check "$1: left behind" "$rest"
}

# until_true WHAT COMMAND...: for what another process does.
until_true() {
    what=$1
    shift
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || {
            fail_check "$what"
            return
        }
        sleep 0.05
    done
}

succeeds 'a program is logged in' "$DSQL" local run -- sh -c '"$DSQL" psql -- -X -A -t -c "SELECT 42"'
equals 'the output is that of the program alone' "$output" 42
nothing_is_left 'after success'

fails 'the exit status is that of the program' "$DSQL" local run -- sh -c 'exit 42'
equals 'status' "$status" 42
fails 'a signal ends the program' "$DSQL" local run -- sh -c 'kill -KILL $$'
equals 'status' "$status" 137
fails 'a program that does not exist' "$DSQL" local run -- no-such-program
equals 'status' "$status" 127
says 'no-such-program'
nothing_is_left 'after failure'

fails 'no program' "$DSQL" local run
equals 'status' "$status" 2
says 'no program given'
fails 'no PostgreSQL' "$DSQL" local run --pg-bindir /nonexistent -- true
says '/nonexistent'
nothing_is_left 'after a start that failed'

succeeds 'options' "$DSQL" local run --inject-conflicts 1 -U app -- sh -c '
    test "$CLUSTER_USER" = app
    "$DSQL" psql -U admin -- -X -q -c "CREATE TABLE t (a int PRIMARY KEY)"
    "$DSQL" psql -U admin -- -X -q -c "INSERT INTO t VALUES (1)" 2>&1 | grep "(OC000)"'

# Two at the same time: each waits until the other one is there.
both='echo "$CLUSTER_ENDPOINT" >"$TMPDIR/$1"; until [ -s "$TMPDIR/$2" ]; do sleep 0.05; done
    "$DSQL" psql -- -X -A -t -c "SELECT 1"'
"$DSQL" local run -- sh -c "$both" both one other >"$TMPDIR/out" 2>&1 &
first=$!
succeeds 'the other of two' "$DSQL" local run -- sh -c "$both" both other one
status=0
wait "$first" || status=$?
equals 'the one of two' "$status" 0
checks=$((checks + 1))
if cmp -s "$TMPDIR/one" "$TMPDIR/other"; then
    fail_check 'two runs have the same cluster'
fi
rm "$TMPDIR/one" "$TMPDIR/other" "$TMPDIR/out"
nothing_is_left 'after two'

# The signal is passed on, so the program can end as it wants to.
"$DSQL" local run -- sh -c 'trap "exit 3" TERM; echo ready >"$TMPDIR/ready"
    while :; do sleep 0.05; done' &
running=$!
until_true 'the program has begun' test -s "$TMPDIR/ready"
kill -TERM "$running"
status=0
wait "$running" || status=$?
equals 'SIGTERM is passed on' "$status" 3
rm "$TMPDIR/ready"
nothing_is_left 'after SIGTERM'

"$DSQL" local run -- sh -c 'echo "$$" >"$TMPDIR/ready"; exec sleep 600' &
running=$!
until_true 'the program has begun' test -s "$TMPDIR/ready"
program=$(cat "$TMPDIR/ready")
rm "$TMPDIR/ready"
kill -KILL "$running"
wait "$running" 2>/dev/null || true
is_deleted() { [ -z "$(ls "$TMPDIR")" ]; }
until_true 'the cluster is deleted after SIGKILL' is_deleted
kill "$program"
nothing_is_left 'after SIGKILL'
finish_checks
