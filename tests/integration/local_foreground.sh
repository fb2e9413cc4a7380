#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A cluster in the foreground, as in a container or under a service manager: what it refuses, init
# scripts, names, signals, process 1, sockets that it is given.  Usage: local_foreground.sh DSQL
set -eu
DSQL=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/check.sh
. "$here/check.sh"
base=$(mktemp -d /tmp/dsql-fore-XXXXXX)
chmod 0755 "$base"
dir=$base/cluster
endpoint=abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws
port=""
pid=""
unset DSQL_LOCAL_LISTEN DSQL_LOCAL_ENDPOINT DSQL_LOCAL_SERVER_NAMES DSQL_LOCAL_ACCESS_KEY \
    DSQL_LOCAL_SECRET DSQL_LOCAL_SECRET_FILE DSQL_LOCAL_INIT_DIR NOTIFY_SOCKET

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$DSQL" local stop --dir "$dir" >/dev/null 2>&1 || true
    rm -rf "$base"
}
trap clean_up EXIT

start() { "$DSQL" local start --foreground --dir "$dir" --port 0 "$@"; }

# serve COMMAND...: in the background, until it is ready; $pid and $port are set.
serve() {
    : >"$base/out"
    "$@" >"$base/out" 2>"$base/log" &
    pid=$!
    tries=0
    until [ -s "$base/out" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 1200 ] || ! kill -0 "$pid" 2>/dev/null; then
            cat "$base/log" >&2
            echo "FAILED: it did not start: $*" >&2
            exit 1
        fi
        sleep 0.05
    done
    port=$(sed -n 's/.*(port \([0-9]*\)).*/\1/p' "$base/out")
}

# ends STATUS: the exit status of what serve() has started.
ends() {
    got=0
    wait "$pid" || got=$?
    equals "exit status" "$got" "$1"
    [ "$got" -eq "$1" ] || cat "$base/log" >&2
}

# ask HOST SQL: as admin with a token for that host, which is the name to verify too.
ask() {
    PGPASSWORD=$(AWS_ACCESS_KEY_ID=TEST AWS_SECRET_ACCESS_KEY=$(cat "$base/secret") \
        "$DSQL" token --host "$1" --region us-east-1 --user admin) PGHOSTADDR=127.0.0.1 PGPORT=$port \
        PGSSLROOTCERT=$dir/ca.pem psql -X -A -t -w "host=$1 user=admin dbname=postgres sslmode=verify-full" \
        -c "$2"
}

printf 'a secret key with spaces\n' >"$base/spaces"
printf 'Test/Secret+0123456789\n' >"$base/secret"
mkdir "$base/init"
chmod 0755 "$base/init"
umask 022

# ---- What it refuses before anything is created
fails "a public address needs --foreground" "$DSQL" local start --dir "$dir" --listen 0.0.0.0
says "need --foreground"
fails "no address" start --listen somewhere
fails "an endpoint of another form" start --endpoint db.example
equals "exit status" "$status" 2
fails "a name that is none" start --server-names 'a b'
fails "a key without a secret" start --access-key TEST
says "--secret-file"
fails "an invalid secret" start --access-key TEST --secret-file "$base/spaces"
says "16 to 128"
case $output in *"with spaces"*) fail_check "the secret is in the error" "$output" ;; esac
fails "a missing secret file" start --access-key TEST --secret-file "$base/none"
says "$base/none"
fails "a missing init directory" start --init-dir "$base/none"
says "$base/none"
fails "two secrets" env DSQL_LOCAL_SECRET=x "$DSQL" local start --dir "$dir" --secret-file "$base/secret"
equals "nothing was created" "$(ls "$base")" "$(printf 'init\nsecret\nspaces')"

# ---- Init scripts: one fails, and the next start begins again
echo 'CREATE TABLE items (id int PRIMARY KEY, name text);' >"$base/init/1.sql"
printf "INSERT INTO items VALUES (1, 'one');\n\nINSERT INTO nowhere VALUES (1);\n" >"$base/init/2.sql"
echo 'exit 1' >"$base/init/3.sh"
fails "a script with an error" start --endpoint "$endpoint" --init-dir "$base/init"
equals "exit status" "$status" 1
says "$base/init/2.sql:3: ERROR:  relation \"nowhere\" does not exist"
says "ignoring \"$base/init/3.sh\""
fails "it is not running" "$DSQL" local status --dir "$dir"

printf "INSERT INTO items VALUES (1, 'one');\nCREATE INDEX ASYNC ON items (name);\n" >"$base/init/2.sql"
serve env DSQL_LOCAL_ENDPOINT="$endpoint" DSQL_LOCAL_INIT_DIR="$base/init" DSQL_LOCAL_ACCESS_KEY=TEST \
    DSQL_LOCAL_SECRET_FILE="$base/secret" DSQL_LOCAL_SERVER_NAMES=dsql-local,db.example \
    "$DSQL" local start --foreground --dir "$dir" --port 0 --listen '*'
equals "the result" "$(sed 's/ (.*//' "$base/out")" "$endpoint"
succeeds "the job of the index" ask "$endpoint" "SELECT job_id FROM sys.jobs WHERE job_type = 'INDEX_BUILD'"
succeeds "the index is built" ask "$endpoint" "CALL sys.wait_for_job('$output')"
succeeds "a login" ask "$endpoint" 'SELECT name FROM items'
equals "the scripts have run once" "$output" one
succeeds "a login by another name" ask db.example 'SELECT 1'
fails "a name that the server does not have" ask other.example 'SELECT 1'
succeeds "status" "$DSQL" local status --dir "$dir"
succeeds "the log is elsewhere" "$DSQL" local logs --dir "$dir"
says "standard error"
[ ! -e "$dir/daemon.log" ] || fail_check "there is a daemon.log"
succeeds "PostgreSQL's log is in this one" grep -q "database system is ready" "$base/log"

# ---- It is not started twice, and SIGTERM ends it in order
fails "a second start" start
equals "exit status" "$status" 1
says "is running already"
ask "$endpoint" 'SELECT pg_sleep(100)' >"$base/client" 2>&1 &
client=$!
until ask "$endpoint" "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(100)' AND
    state = 'active'" | grep -qx 1; do sleep 0.05; done
kill -TERM "$pid"
ends 0
wait "$client" || true
succeeds "the client is told" grep -q "terminating connection due to administrator command" "$base/client"
succeeds "PostgreSQL has shut down" grep -q "database system is shut down" "$base/log"
fails "it has stopped" "$DSQL" local status --dir "$dir"

# ---- As process 1, which the kernel sends no signal without a handler
first=""
if unshare --pid --fork --mount-proc true 2>/dev/null; then
    first="unshare --pid --fork --kill-child --mount-proc"
fi
# shellcheck disable=SC2086 # words
serve $first "$DSQL" local start --foreground --dir "$dir" --init-dir "$base/init" --listen 127.0.0.1 --port 0
succeeds "the data is still there" ask "$endpoint" 'SELECT name FROM items'
equals "one row" "$output" one
if [ -n "$first" ]; then
    kill -INT "$(ps -o pid= --ppid "$pid")"
else
    kill -INT "$pid"
fi
ends 0

# ---- Sockets that it is given
if command -v systemd-socket-activate >/dev/null && command -v python3 >/dev/null; then
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    given=$port
    systemd-socket-activate -l "127.0.0.1:$port" "$DSQL" local start --foreground --dir "$dir" \
        >"$base/out" 2>"$base/log" &
    pid=$!
    until ask "$endpoint" 'SELECT 1' >"$base/answer" 2>&1; do
        kill -0 "$pid" 2>/dev/null || fail_check "it has ended" "$(cat "$base/log")"
        sleep 0.05
    done
    equals "its port" "$(sed -n 's/.*(port \([0-9]*\)).*/\1/p' "$base/out")" "$given"
    kill -TERM "$pid"
    ends 0
fi

finish_checks
