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
XDG_CACHE_HOME=$(mktemp -d "$TMPDIR.cache.XXXXXX")
chmod 0711 "$XDG_CACHE_HOME"
export DSQL TMPDIR XDG_CACHE_HOME
trap 'rm -rf "$TMPDIR" "$XDG_CACHE_HOME"' EXIT

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
mkdir "$TMPDIR/a,b"
fails 'a directory that PostgreSQL cannot use' env TMPDIR="$TMPDIR/a,b" "$DSQL" local run -- true
says 'Choose another one with'
rmdir "$TMPDIR/a,b"
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

# Its data is deleted, so the server is not made to write it first.
succeeds 'a run with its log' "$DSQL" local run -- sh -c '
    tail -n +1 -f "$TMPDIR"/dsql-run.*/cluster/postgres.log >"$TMPDIR/log" 2>/dev/null & echo $!'
tail=$output
until_true 'the server is shut down at once' grep -q 'received immediate shutdown' "$TMPDIR/log"
kill "$tail"
rm "$TMPDIR/log"

# ---- The template of a data directory ----

# uses_initdb WHAT YES-OR-NO [VARIABLE=VALUE...]: whether a run did, by what it wrote into the log.
uses_initdb() {
    what=$1
    expected=$2
    shift 2
    succeeds "$what" env "$@" "$DSQL" local run -- sh -c '
        grep -q "The files belonging to this database system" "$TMPDIR"/dsql-run.*/cluster/postgres.log &&
        echo yes || echo no'
    equals "$what: initdb" "$output" "$expected"
}
templates() { echo "$XDG_CACHE_HOME"/dsql/templates-*; }
only_template() { echo "$(templates)"/????????????????????????????????; }

uses_initdb 'the next run copies the template' no
equals 'what is in the cache' "$(ls "$(templates)")" "$(basename "$(only_template)")
lock"
uses_initdb 'where the cache cannot be written' yes XDG_CACHE_HOME=/proc/no-such-directory
equals 'the variables of the template' \
    "$("$DSQL" local run -- "$DSQL" psql -- -XAtc \
        "SELECT setting FROM pg_settings WHERE name = 'fsync'")" off

# Every kind of change is a case of tests/unit/local/test_data_template.c.
damaged=$(only_template)/data/global/1262
printf 'x' | dd of="$damaged" bs=1 seek=100 conv=notrunc 2>/dev/null
uses_initdb 'a file of the template was changed' yes
uses_initdb 'after the run that made it again' no

# Several at the same time, and none has a template to begin with.
rm -rf "$XDG_CACHE_HOME/dsql"
pids=''
for i in 1 2 3 4; do
    "$DSQL" local run -- "$DSQL" psql -- -XAtc 'SELECT 1' >"$TMPDIR/out.$i" 2>&1 &
    pids="$pids $!"
done
for pid in $pids; do
    status=0
    wait "$pid" || status=$?
    equals 'one of four runs' "$status" 0
done
equals 'four logins' "$(cat "$TMPDIR"/out.?)" "$(printf '1\n1\n1\n1')"
rm "$TMPDIR"/out.?
uses_initdb 'a run after four' no
nothing_is_left 'after runs with a template'

# A cluster that stays begins with the template as well.  It is durable, and stops in order.
dir=$TMPDIR/stays
succeeds 'start' "$DSQL" local start --dir "$dir" --port 0
checks=$((checks + 1))
grep -q 'The files belonging' "$dir/postgres.log" && fail_check 'the start has used initdb'
equals 'fsync of a cluster that stays' "$(eval "$("$DSQL" local env --dir "$dir")" &&
    "$DSQL" psql -- -XAtc "SELECT setting FROM pg_settings WHERE name = 'fsync'")" on
succeeds 'stop' "$DSQL" local stop --dir "$dir"
checks=$((checks + 1))
grep -q 'immediate shutdown' "$dir/postgres.log" && fail_check 'the stop was an immediate one'
succeeds 'destroy' "$DSQL" local destroy --dir "$dir"
finish_checks
