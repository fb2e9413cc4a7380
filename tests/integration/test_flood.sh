#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A login passes while others connect and do not log in, whatever they do instead, with as few file
# descriptors as systems usually allow.  Afterwards the daemon is as small as before.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
flood=$BUILD/tests/integration/flood/flood
work=$(mktemp -d)
attackers=""
finish() {
    exec 3>&-
    [ -z "$attackers" ] || wait "$attackers" || :
    rm -rf "$work"
}
trap finish EXIT
mkfifo "$work/in"

# A soft limit that a session or two would use up, below a hard one that is small.
succeeds 'a stop' "$DSQL" local stop --dir "$CLUSTER_DIR"
# shellcheck disable=SC2016 # the inner shell expands it
succeeds 'a start with few descriptors' sh -c 'ulimit -S -n 256 && ulimit -H -n 1024 && exec "$@"' sh \
    "$DSQL" local start --dir "$CLUSTER_DIR"
pid=$(expr "$("$DSQL" local status --dir "$CLUSTER_DIR" --output json)" : '.*"pid": *\([0-9]*\)')

limit_of() { awk '/^Max open files/ {print $4}' "/proc/$1/limits"; }
equals "the daemon's limit" "$(limit_of "$pid")" 1024
server=$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid" 2>/dev/null) || server=""
[ -z "$server" ] || equals "PostgreSQL's limit" "$(limit_of "$server")" 256

resident_kib() { awk '/^VmRSS/ {print $2}' "/proc/$pid/status"; }

# A client has 100 ms for each stage while others are waiting.  A busy machine may keep one from
# that, and drivers try again: no login in ten attempts is a flood that locks others out.
logs_in() {
    attempts=0
    until output=$(timeout 20 "$DSQL" psql -- -Atc 'SELECT 1' 2>&1) || [ "$attempts" = 9 ]; do
        attempts=$((attempts + 1))
    done
    equals "$1" "$output" 1
}

# login_under KIND COUNT
login_under() {
    : >"$work/out"
    "$flood" 127.0.0.1 "$PGPORT" "$1" "$2" <"$work/in" >"$work/out" &
    attackers=$!
    exec 3>"$work/in"
    until [ -s "$work/out" ] || ! kill -0 "$attackers"; do sleep 0.05; done
    equals "$1: the flood" "$(cat "$work/out")" ready
    logs_in "$1: a login"
    logs_in "$1: another login"
    exec 3>&-
    wait "$attackers" || :
    attackers=""
}

succeeds 'a login before' "$DSQL" psql -- -Atc 'SELECT 1'
before_kib=$(resident_kib)
login_under silent 1500
login_under byte 1500
login_under drip 600
login_under tls 300
login_under startup 40
login_under cancel 40
login_under update 4
login_under tiny 4

# Those that were left end with the flood; then memory is given back.
tries=0
while ! is_sanitized && [ "$(resident_kib)" -gt $((before_kib + 2048)) ] && [ $tries -lt 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
after_kib=$(resident_kib)
checks=$((checks + 1))
is_sanitized || [ "$after_kib" -le $((before_kib + 2048)) ] ||
    fail_check "the daemon has grown from $before_kib to $after_kib KiB"
succeeds 'the log of PostgreSQL' "$DSQL" local logs --dir "$CLUSTER_DIR"
case $output in *'in cancel request'*) fail_check 'a cancel request with a wrong key reached PostgreSQL' ;; esac
finish_checks
