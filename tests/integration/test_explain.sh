#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# EXPLAIN: the service's nodes, PostgreSQL's numbers.  service_answers/explain.answers has what
# single statements print; here are the numbers, the other formats, and what must not change.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"

owner() {
    env -u PGHOSTADDR -u PGPORT psql -X -At -q -v ON_ERROR_STOP=1 -U dsql_owner -d postgres \
        -h "$CLUSTER_DIR/run" -p 5432 -c "$1"
}
says_not() {
    checks=$((checks + 1))
    case $output in *"$1"*) fail_check "$what: says '$1'" "$output" ;; esac
}
# analyze QUERY [SETTINGS]: what is the same at each run, and on each server: PostgreSQL 18 prints
# rows with decimals.
analyze() {
    plan=$(sql "${2-} EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $1" 2>&1) || {
        printf '%s\n' "$plan"
        return 1
    }
    printf '%s\n' "$plan" | sed 's/\(rows=[0-9]*\)\.00 /\1 /'
}
by_index='SET enable_seqscan = off; SET enable_bitmapscan = off;'

succeeds 'a table' sql 'CREATE TABLE t (id int PRIMARY KEY, a int, b text)'
succeeds rows sql "INSERT INTO t SELECT i, i % 10, 'x' || i FROM generate_series(1, 1000) i"
succeeds 'an index' sql 'CREATE INDEX ASYNC t_a ON t (a)'
succeeds 'it is built' sql "CALL sys.wait_for_job('$output')"
succeeds 'another table' sql 'CREATE TABLE u (id int, n numeric)'
succeeds rows sql 'INSERT INTO u VALUES (1, 1), (2, 2)'

# ---- Rows: those that are known, and no others

succeeds 'a condition of the storage' analyze "SELECT * FROM t WHERE b = 'x7'"
equals "$what" "$output" "Full Scan (btree-table) on t (actual rows=1 loops=1)
  -> Storage Scan on t (actual rows=1 loops=1)
      Projections: id, a, b
      Filters: (b = 'x7'::text)
      Rows Filtered: 999
      -> B-Tree Scan on t (actual rows=1000 loops=1)"
succeeds 'one of the query processor' analyze "SELECT id FROM t WHERE b LIKE '%7'"
equals "$what" "$output" "Full Scan (btree-table) on t (actual rows=100 loops=1)
  Filter: (b ~~ '%7'::text)
  Rows Removed by Filter: 900
  -> Storage Scan on t (actual rows=1000 loops=1)
      Projections: id, b
      -> B-Tree Scan on t (actual rows=1000 loops=1)"
succeeds 'both' analyze "SELECT id FROM t WHERE a = 7 AND b LIKE '%7'" \
    'SET enable_indexscan = off; SET enable_bitmapscan = off;'
equals "$what" "$output" "Full Scan (btree-table) on t (actual rows=100 loops=1)
  Filter: (b ~~ '%7'::text)
  -> Storage Scan on t
      Projections: id, b
      Filters: (a = 7)
      -> B-Tree Scan on t (actual rows=1000 loops=1)"
succeeds 'a lookup that filters' analyze "SELECT b FROM t WHERE a = 7 AND b = 'x7'" "$by_index"
equals "$what" "$output" "Index Scan using t_a on t (actual rows=1 loops=1)
  Index Cond: (a = 7)
  -> Storage Scan on t_a (actual rows=100 loops=1)
      -> B-Tree Scan on t_a (actual rows=100 loops=1)
          Index Cond: (a = 7)
  -> Storage Lookup on t (actual rows=1 loops=1)
      Projections: b
      Filters: (b = 'x7'::text)
      Rows Filtered: 99
      -> B-Tree Lookup on t (actual rows=100 loops=1)"
succeeds 'loops' analyze 'SELECT * FROM u JOIN t ON t.id = u.id' \
    'SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;'
says 'Index Only Scan using t_pkey on t (actual rows=1 loops=2)
        Index Cond: (id = u.id)
        -> Storage Scan on t_pkey (actual rows=1 loops=2)
            Projections: id, a, b
            -> B-Tree Scan on t_pkey (actual rows=1 loops=2)
                Index Cond: (id = u.id)'
succeeds 'nothing executed' analyze 'SELECT * FROM t JOIN u ON t.b = u.n::text AND false'
succeeds 'never' analyze 'SELECT * FROM u WHERE n = 3 AND id = (SELECT max(a) FROM t WHERE u.id > 5 AND b LIKE u.n::text)'
says '-> Storage Scan on t_a (never executed)'
says_not 'nan'

# Costs are the scan's, where no rows are removed on the way.
succeeds costs sql 'EXPLAIN SELECT id FROM u'
cost=$(printf '%s\n' "$output" | sed -n 's/^Full Scan (btree-table) on u  //p')
says "-> Storage Scan on u  $cost"
says "-> B-Tree Scan on u  $cost"
succeeds 'no costs' sql "EXPLAIN SELECT id FROM u WHERE n::text LIKE 'x'"
says '-> Storage Scan on u
'
succeeds 'no numbers that only a service knows' sql 'EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT * FROM t'
says_not DPU
says 'Buffers: shared hit='
succeeds 'whole rows are read' sql 'SET enable_hashjoin = off; SET enable_mergejoin = off;
    EXPLAIN (COSTS OFF) SELECT t.id FROM t JOIN u ON t.a + u.id > 3'
says '-> Storage Scan on u'
says_not 'Projections: id, n'

# ---- Every place in a plan

succeeds 'subplans, initial plans and common tables' sql "EXPLAIN (COSTS OFF) WITH w AS MATERIALIZED (SELECT * FROM u)
    SELECT *, (SELECT max(b) FROM t WHERE a > w.n) FROM w WHERE id = (SELECT count(*) FROM u)
    UNION ALL SELECT id, n, (SELECT 'x') FROM (SELECT * FROM u ORDER BY n LIMIT 1) s
    UNION ALL SELECT id, a, b FROM t WHERE b > 'y'"
says_not 'Seq Scan'
equals 'all of them' "$(printf '%s\n' "$output" | grep -c -- '->  Full Scan')" 5
succeeds 'ordered' sql "$by_index EXPLAIN (COSTS OFF)
    (SELECT id FROM t ORDER BY id) UNION ALL (SELECT id FROM t ORDER BY id) ORDER BY 1 LIMIT 3"
says_not 'Index Scan'
says '-> Storage Scan on t_pkey'
# What a subplan in an inner scan has from the outer one is found by the scan's place in the plan.
succeeds 'parameters' sql "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
    $by_index EXPLAIN (COSTS OFF) SELECT * FROM u JOIN t ON t.id = u.n::int
        AND t.b = (SELECT max(x.b) FROM t x WHERE x.a = u.id AND x.b > t.b)"
says 'Index Cond: (a = u.id)'
says_not '$'

# ---- Names that look like what EXPLAIN prints

# shellcheck disable=SC2089 # no quotes of the shell
strange='"x
->  Custom Scan (btree-table)"'
succeeds 'a name' sql "CREATE TABLE $strange (\"a
->  Custom Scan (btree-table)\" text)"
succeeds 'as a table' sql "EXPLAIN (COSTS OFF) SELECT 1 FROM $strange
    WHERE \"a
->  Custom Scan (btree-table)\" = '
->  Custom Scan (btree-table)'"
equals "$what" "$output" "Full Scan (btree-table) on $strange
  -> Storage Scan on $strange
      Filters: (\"a
->  Custom Scan (btree-table)\" = '
->  Custom Scan (btree-table)'::text)
      -> B-Tree Scan on $strange"

succeeds 'in its output' sql "EXPLAIN (COSTS OFF, VERBOSE) SELECT 'Output: Custom Scan (btree-table)
Output: Custom Scan (btree-table)', \"a
->  Custom Scan (btree-table)\" FROM $strange"
equals "$what" "$output" "Full Scan (btree-table) on public.$strange
  Output: 'Output: Custom Scan (btree-table)
Output: Custom Scan (btree-table)'::text, \"a
->  Custom Scan (btree-table)\"
  -> Storage Scan on public.$strange
      Projections: \"a
->  Custom Scan (btree-table)\"
      -> B-Tree Scan on public.$strange"
for format in JSON XML YAML; do
    succeeds "in $format" sql "EXPLAIN (FORMAT $format, VERBOSE) SELECT '
    \"Node Type\": \"Custom Scan\"
      Node Type: \"Custom Scan\"
    <Node-Type>Custom Scan</Node-Type>
  \"Output\": [
  <Output>
      Output:
    \"Custom Plan Provider\": \"dsql_local 1\",
' FROM u"
    says 'Full Scan (btree-table)'
    says 'B-Tree Scan'
done
succeeds 'JSON with such texts' sql "SELECT '$(sql "EXPLAIN (FORMAT JSON, VERBOSE) SELECT * FROM $strange")'::json ->
    0 -> 'Plan' ->> 'Node Type'"
equals "$what" "$output" 'Full Scan (btree-table)'

# ---- The other formats are well-formed

node_types() { # of JSON
    sql "SELECT string_agg(n #>> '{}', ',') FROM jsonb_path_query('$(printf '%s' "$1" | sed "s/'/''/g")', '\$.**.\"Node Type\"') n"
}
query='SELECT (SELECT count(*) FROM u WHERE n > t.a) FROM t WHERE a = 3 AND b = '"'x3'"' AND id IN (SELECT id FROM u)'
for options in '' ', ANALYZE' ', ANALYZE, VERBOSE, BUFFERS' ', COSTS OFF'; do
    succeeds "JSON$options" sql "SET enable_hashjoin = off; SET enable_mergejoin = off; $by_index
        EXPLAIN (FORMAT JSON$options) $query"
    says '"Filters": "'
    says_not 'Custom'
    types=$(node_types "$output" 2>&1)
    for type in 'Full Scan (btree-table)' 'Storage Scan' 'B-Tree Scan'; do
        equals "$what: $type" "$(printf '%s' "$types" | grep -c -F "$type")" 1
    done
    succeeds "XML$options" sql "$by_index EXPLAIN (FORMAT XML$options) $query"
    says '<Node-Type>B-Tree Scan</Node-Type>'
    says_not 'Custom'
    equals "$what: groups" "$(printf '%s' "$output" | grep -c '<Plan>')" "$(printf '%s' "$output" | grep -c '</Plan>')"
    succeeds "YAML$options" sql "$by_index EXPLAIN (FORMAT YAML$options) $query"
    says '- Node Type: "Storage Scan"'
    says_not 'Custom'
done

# ---- What must not change

fails 'an error while it is executed' analyze 'SELECT 1 / (a - a) FROM t'
says '22012'
succeeds 'the plan of the owner' owner 'EXPLAIN (COSTS OFF) SELECT * FROM u'
equals "$what" "$output" 'Seq Scan on u'
succeeds 'a catalog' sql "EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM pg_class WHERE relname = 't'"
says 'on pg_class'
says_not 'Storage'
succeeds 'rows that EXPLAIN ANALYZE writes' sql 'EXPLAIN ANALYZE UPDATE u SET n = 9 WHERE id = 2'
says 'Full Scan (btree-table) on u'
equals 'they are written' "$(sql 'SELECT string_agg(n::int::text, $$,$$ ORDER BY id) FROM u')" 1,9
succeeds 'in a block, more than once' sql "BEGIN; EXPLAIN ANALYZE DELETE FROM u WHERE id = 1;
    EXPLAIN ANALYZE SELECT * FROM u; SELECT count(*) FROM u; ROLLBACK"
says '
1'
# shellcheck disable=SC2016 # dollar quotes of SQL
succeeds 'a function that explains' sql 'CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM t $$'
succeeds 'a query in a query' analyze 'SELECT counts() FROM u'
says 'Full Scan (btree-table) on u (actual rows=2 loops=1)'

finish_checks
