#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A join that meets DDL of its tables in the other order is a deadlock for PostgreSQL, and OC001
# for the client, although the parser has not finished and nothing is known to be touched.
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
finish_checks
