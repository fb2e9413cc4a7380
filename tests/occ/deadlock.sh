#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A join that meets DDL of its tables in the other order is a deadlock for PostgreSQL, and OC001
# for the client, although the parser has not finished and nothing is known to be touched.
#
# REINDEX waits for transactions that have updated rows, and their COMMIT waits for REINDEX: whichever
# of the two begins to wait last gives way.
# usage: deadlock.sh        (inside extension/test/with_server)
set -eu
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"

sql() { psql -X -q -A -t -v VERBOSITY=verbose "$@"; }

# waiting N: until so many sessions wait for a lock.
waiting() {
    tries=0
    until [ "$(sql -c 'SELECT count(*) FROM pg_locks WHERE NOT granted')" = "$1" ] || [ "$tries" -ge 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
}

sql -c 'CREATE TABLE a (id int PRIMARY KEY)'
sql -c 'CREATE TABLE b (id int PRIMARY KEY)'
sql -c 'CREATE TABLE c (id int PRIMARY KEY)'
mkfifo "$PGHOST/holds_b" "$PGHOST/holds_c"
PGOPTIONS='-c deadlock_timeout=60s -c dsql_local.strict=off' psql -X -q <"$PGHOST/holds_b" >"$PGHOST/b" 2>&1 &
holder=$!
PGOPTIONS='-c deadlock_timeout=60s -c dsql_local.strict=off' psql -X -q <"$PGHOST/holds_c" >"$PGHOST/c" 2>&1 &
exec 8>"$PGHOST/holds_b" 9>"$PGHOST/holds_c"
echo 'BEGIN; LOCK b;' >&8
echo 'BEGIN; LOCK c;' >&9
until [ "$(sql -c "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation >= 16384")" = 2 ]; do
    sleep 0.05
done
# It locks a, waits for c, and will want b.
PGOPTIONS='-c deadlock_timeout=50ms' psql -X -q -A -t -v VERBOSITY=verbose -c 'SELECT count(*) FROM a, c, b' >"$PGHOST/join" 2>&1 &
join=$!
waiting 1
echo 'LOCK a;' >&8
waiting 2
echo 'COMMIT;' >&9
status=0
wait "$join" || status=$?
equals 'the exit status of the join' "$status" 1
output=$(cat "$PGHOST/join")
what='the join'
says '40001: schema has been updated by another transaction (OC001)'
says 'PostgreSQL said: deadlock detected'
echo 'COMMIT;' >&8
exec 8>&- 9>&-
wait "$holder"
equals 'the other session' "$(cat "$PGHOST/b")" ''

# update_row SESSION ID: a transaction that stays open; it reads from a fifo.
update_row() {
    echo "BEGIN; UPDATE d SET v = v + 1 WHERE id = $2; SELECT pg_notify('$1', '');" >&"$1"
    until [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_notify(''$1''%'
            AND state = 'idle in transaction'")" = 1 ]; do sleep 0.05; done
}

# open_sessions DEADLOCK-TIMEOUT
open_sessions() {
    PGOPTIONS="-c deadlock_timeout=$1" psql -X -q -A -t -v VERBOSITY=verbose <"$PGHOST/first" >"$PGHOST/1" 2>&1 &
    first=$!
    PGOPTIONS="-c deadlock_timeout=$1" psql -X -q -A -t -v VERBOSITY=verbose <"$PGHOST/second" >"$PGHOST/2" 2>&1 &
    second=$!
    exec 8>"$PGHOST/first" 9>"$PGHOST/second"
    update_row 8 1
    update_row 9 2
}

# reindex DEADLOCK-TIMEOUT: until it waits.
reindex() {
    PGOPTIONS="-c deadlock_timeout=$1 -c dsql_local.strict=off" psql -X -q -v VERBOSITY=verbose \
        -c 'REINDEX TABLE d' >"$PGHOST/reindex" 2>&1 &
    reindex=$!
    waiting 1
}

close_sessions() {
    exec 8>&- 9>&-
    wait "$first" "$second" "$reindex" || true
}

sql -c 'CREATE TABLE d (id int PRIMARY KEY, v int)'
sql -c 'INSERT INTO d VALUES (1, 0), (2, 0)'
mkfifo "$PGHOST/first" "$PGHOST/second"
open_sessions 50ms
reindex 60s
echo 'COMMIT;' >&8
waiting 1 # for the second one
echo 'ROLLBACK;' >&9
close_sessions
what='COMMIT while REINDEX waits for its transaction'
output=$(cat "$PGHOST/1")
says '40001: schema has been updated by another transaction (OC001)'
equals 'REINDEX' "$(cat "$PGHOST/reindex")" ''
equals 'the rows' "$(sql -c 'SELECT string_agg(v::text, $$ $$ ORDER BY id) FROM d')" '0 0'

open_sessions 60s
reindex 50ms
echo 'COMMIT;' >&9 # waits for REINDEX, which waits for the first one
waiting 2
echo 'ROLLBACK;' >&8
close_sessions
what='REINDEX, once it waits for a transaction that commits'
output=$(cat "$PGHOST/reindex")
says '40P01: deadlock detected'
equals 'the COMMIT' "$(cat "$PGHOST/2")" ''
equals 'the rows' "$(sql -c 'SELECT string_agg(v::text, $$ $$ ORDER BY id) FROM d')" '0 1'
equals 'by the index' "$(sql -c 'SET enable_seqscan = off' -c 'SELECT v FROM d WHERE id = 2')" 1
finish_checks
