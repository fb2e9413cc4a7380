#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Processes that do not react, and a server that cannot run: stop always succeeds and says what it
# did, nothing that was committed is lost, and status says what is wrong.
# Usage: local_frozen.sh DSQL
set -eu
dsql=$1
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
base=$(mktemp -d /tmp/dsql-frozen-XXXXXX)
chmod 0755 "$base"
dir=$base/cluster

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$dsql" local stop --dir "$dir" >/dev/null 2>&1 || true
    rm -rf "$base"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

start() { "$dsql" local start --dir "$dir" --port 0; }
stop() { "$dsql" local stop --dir "$dir"; }
status() { "$dsql" local status --dir "$dir"; }

run() {
    (eval "$("$dsql" local env --dir "$dir")" && "$dsql" psql -- -XAtc "$1")
}

postmaster() { head -n 1 "$dir/data/postmaster.pid"; }
daemon() { "$dsql" local status --dir "$dir" --output json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'; }

is_nothing_left() {
    # shellcheck disable=SC2009 # pgrep -f would find this script
    ! ps -eo args | grep -F -- "-D $dir/data" | grep -vq grep
}

# A session that stays, and the process id of its backend.
open_session() {
    (eval "$("$dsql" local env --dir "$dir")" && exec "$dsql" psql -- -Xqc 'SELECT pg_sleep(300)') \
        >/dev/null 2>&1 &
    session=$!
    backend=''
    for _ in $(seq 100); do
        backend=$(ps -o pid=,args= --ppid "$(postmaster)" | awk '/ admin postgres /{print $1; exit}')
        [ -z "$backend" ] || break
        sleep 0.1
    done
    [ -n "$backend" ] || fail_check 'there is no backend'
}

# stops WHAT TEXT: within 40 s, and the data is there after the next start.
stops() {
    succeeds "$1: stop" stop
    says "$2"
    is_nothing_left || fail_check "$1: something runs"
    wait "$session" 2>/dev/null || true
    succeeds "$1: start" start
    equals "$1: data" "$(run 'SELECT count(*) FROM t')" 3
}

start >/dev/null 2>&1
run 'CREATE TABLE t (id int PRIMARY KEY)' >/dev/null
run 'INSERT INTO t VALUES (1), (2), (3)' >/dev/null

open_session
kill -STOP "$backend"
stops 'a frozen backend' 'did not stop within 15 s'

open_session
kill -STOP "$(postmaster)"
stops 'a frozen postmaster' 'its processes are killed'

open_session
kill -STOP "$(daemon)"
stops 'a frozen daemon' 'it is killed'

# A postmaster that is killed while one of its backends is frozen: the daemon starts it again.
open_session
kill -STOP "$backend"
kill -9 "$(postmaster)"
succeeds 'a killed postmaster with a frozen backend: start' start
says 'already running'
equals 'a killed postmaster with a frozen backend: data' "$(run 'SELECT count(*) FROM t')" 3
wait "$session" 2>/dev/null || true

# A server that cannot start: the reason is shown, and attempts become rare.
mv "$dir/data/postgresql.conf" "$base/kept"
kill -9 "$(postmaster)"
sleep 5
fails 'a server that cannot run: status' status
says 'restarting'
says 'in a row'
fails 'a server that cannot run: start' start
says 'PostgreSQL terminated unexpectedly'
says 'postgresql.conf'
attempts=$(grep -c 'terminated unexpectedly' "$dir/daemon.log")
[ "$attempts" -lt 10 ] || fail_check "$attempts attempts within seconds"
mv "$base/kept" "$dir/data/postgresql.conf"
for _ in $(seq 450); do
    status >/dev/null 2>&1 && break
    sleep 0.1
done
succeeds 'a server that can run again: start' start
equals 'a server that can run again: data' "$(run 'SELECT count(*) FROM t')" 3

# The directory is deleted under a running cluster.
pid=$(daemon)
rm -rf "$dir"
for _ in $(seq 450); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
done
kill -0 "$pid" 2>/dev/null && fail_check 'the daemon of a deleted directory still runs'
is_nothing_left || fail_check 'the server of a deleted directory still runs'
finish_checks
