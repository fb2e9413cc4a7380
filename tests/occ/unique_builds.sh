#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Unique indexes are built while clients insert and delete the same few keys: one that becomes valid has
# no duplicates, at no moment.  An index becomes valid if the duplicates are deleted before the job looks for
# them, which is a matter of chance: there are more rounds if there was none.
#
# /*A*/ is ASYNC as the gateway hands it on.
# usage: unique_builds.sh ROUNDS       (inside extension/test/with_server)
set -eu
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"
rounds=$1

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }
again() { until sql "$1" 2>"$PGHOST/error"; do grep -q 'OC00[01]' "$PGHOST/error" || cat "$PGHOST/error" >&2; done; }
duplicates() { again 'SELECT count(*) FROM (SELECT k FROM t GROUP BY k HAVING count(*) > 1) AS d'; }

sql 'CREATE TABLE t (id bigint PRIMARY KEY, k int)'
sql 'INSERT INTO t SELECT i, i % 100 FROM generate_series(1, 400) i'
cat >"$PGHOST/inserts" <<'SCRIPT'
\set id random(1000, 1000000000000)
\set k random(0, 300)
INSERT INTO t VALUES (:id, :k) ON CONFLICT DO NOTHING;
SCRIPT
cat >"$PGHOST/block" <<'SCRIPT'
\set id random(1000, 1000000000000)
\set k random(0, 300)
\set gone random(0, 300)
BEGIN;
DELETE FROM t WHERE k = :gone;
INSERT INTO t VALUES (:id, :k) ON CONFLICT DO NOTHING;
\sleep 1 ms
COMMIT;
SCRIPT
# Until it is killed: how long the rounds take depends on the machine.
"$PGBINDIR/pgbench" -n -c 6 -T 86400 --max-tries=0 -f "$PGHOST/inserts" -f "$PGHOST/block@4" >"$PGHOST/bench" 2>&1 &
bench=$!
valid=0
round=0
wanted=$(((rounds + 19) / 20))
while [ "$round" -lt "$rounds" ] || { [ "$valid" -lt "$wanted" ] && [ "$round" -lt $((rounds * 5)) ]; }; do
    round=$((round + 1))
    # Every other build meets duplicates for certain.
    [ $((round % 2)) = 0 ] || again 'INSERT INTO t SELECT -id, k FROM t WHERE k < 50 AND id > 0 ON CONFLICT DO NOTHING'
    job=$(again 'CREATE UNIQUE INDEX /*A*/ t_k ON t (k)')
    [ $((round % 2)) = 1 ] || again 'DELETE FROM t a USING t b WHERE a.k = b.k AND a.id > b.id'
    if [ "$(sql "CALL sys.wait_for_job('$job')")" = t ]; then
        valid=$((valid + 1))
        for look in 1 2 3; do
            equals "round $round, duplicates in a valid index, look $look" "$(duplicates)" 0
        done
    fi
    again 'DROP INDEX t_k'
done
kill "$bench" 2>/dev/null || fail_check 'the clients have stopped' "$(cat "$PGHOST/bench")"
wait "$bench" || true
checks=$((checks + 1))
[ "$valid" -ge "$wanted" ] || fail_check "only $valid of $round indexes became valid"
finish_checks
