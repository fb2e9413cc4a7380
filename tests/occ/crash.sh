#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Kills one backend, or the postmaster, with SIGKILL in the middle of bank transfers,
# and looks at what recovery brings back.
# usage: crash.sh CRASH_BANK ROUNDS     (inside extension/test/with_server)
set -eu
bank=$1
rounds=$2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-crash.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
    else
        "$@"
    fi
}

sql() {
    PGOPTIONS='-c dsql_local.strict=off' psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

# until_true COMPLAINT COMMAND...
until_true() {
    complaint=$1
    shift
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "$complaint"
        sleep 0.05
    done
}

acknowledged() {
    cat "$scratch"/"$round".*.transfers 2>/dev/null | grep -c '^yes' || true
}

has_acknowledged() {
    [ "$(acknowledged)" -ge "$1" ]
}

answers() {
    psql -X -q -A -t -c 'SELECT 1' >/dev/null 2>&1
}

# After a SIGKILL of the postmaster its children go by themselves, soon.
restart() {
    as_server "$PGBINDIR/pg_ctl" -D "$PGDATA" -l "$SERVER_LOG" -w start >/dev/null 2>&1
}

check_indexes() {
    sql "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'" | grep -q 1 || {
        echo "    amcheck is not installed (postgresql-contrib): indexes not checked"
        return 0
    }
    sql 'CREATE EXTENSION IF NOT EXISTS amcheck' 2>/dev/null
    for index in account_pkey transfer_pkey; do
        sql "SELECT bt_index_parent_check('$index', true)" >/dev/null || fail "index $index"
    done
}

"$bank" setup
round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    "$bank" run --dir "$scratch" --round "$round" &
    running=$!
    until_true "no transfers in round $round" has_acknowledged $((50 + round * 17 % 100))
    if [ $((round % 2)) -eq 1 ]; then
        victim=$(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'
            AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1")
        what="backend $victim"
    else
        victim=$(head -n 1 "$PGDATA/postmaster.pid")
        what="postmaster $victim"
    fi
    kill -9 "$victim" 2>/dev/null || [ $((round % 2)) -eq 1 ] || fail "the server is gone before round $round"
    wait "$running" || fail "the clients of round $round"
    [ $((round % 2)) -eq 1 ] || until_true "it does not start again" restart
    until_true "it does not answer after the death of $what" answers
    verdict=$(cat "$scratch"/*.transfers | "$bank" verify) || fail "round $round, after the death of $what"
    echo "$what: $verdict"
    check_indexes
done
