#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A unique index is enforced from the statement that creates it on: before its job begins (in an hour,
# here, unless somebody waits for it), while it is built, and after its build has failed.
#
# /*A*/ is ASYNC as the gateway hands it on.
# usage: unique_index.sh        (inside extension/test/with_server, with dsql_local.job_delay = 1h)
set -eu
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -c "$1"; }
refuses() {
    fails "$1" sql "$1"
    says '23505: duplicate key value violates unique constraint'
}
accepts() { succeeds "$1" sql "$1"; }
is_valid() { sql "SELECT indisvalid FROM pg_index WHERE indexrelid = '$1'::regclass"; }
ends() { # JOB WANTED
    succeeds 'the job' timeout 30 psql -X -q -A -t -c "CALL sys.wait_for_job('$1')"
    equals 'how it has ended' "$output" "$2"
}

accepts 'CREATE TABLE t (id int PRIMARY KEY, a int, b text)'
accepts "INSERT INTO t VALUES (1, 1, 'one'), (2, 2, 'two'), (3, NULL, 'Three')"
accepts 'CREATE UNIQUE INDEX /*A*/ t_a ON t (a)'
job=$output
equals 'it has not begun' "$(sql "SELECT status FROM sys.jobs WHERE job_id = '$job'")" submitted
refuses 'INSERT INTO t VALUES (10, 1)'
refuses 'UPDATE t SET a = 2 WHERE id = 1'
accepts 'INSERT INTO t VALUES (10, 10), (11, NULL)'
refuses 'INSERT INTO t VALUES (12, 10)'
refuses 'INSERT INTO t VALUES (12, 12), (13, 12)'
accepts 'DELETE FROM t WHERE id = 2'
accepts 'INSERT INTO t VALUES (2, 2)'
equals 'no query uses it' "$(sql 'SET enable_seqscan = off; EXPLAIN SELECT id FROM t WHERE a = 1' | grep -c t_a)" 0
ends "$job" t
equals 'it is valid' "$(is_valid t_a)" t
refuses 'INSERT INTO t VALUES (12, 1)'
accepts 'CREATE UNIQUE INDEX /*A*/ t_lower ON t (lower(b)) WHERE id < 100'
job=$output
refuses "INSERT INTO t VALUES (20, 20, 'THREE')"
accepts "INSERT INTO t VALUES (200, 200, 'THREE')"
ends "$job" t

# There are duplicates already: the build fails, and no more are accepted, wherever the others are.
accepts 'CREATE TABLE d (id int PRIMARY KEY, a int, b text) '
for part in 0 1 2; do
    accepts "INSERT INTO d SELECT i, i, repeat('x', 500) FROM generate_series($part * 2000 + 1, $part * 2000 + 2000) i"
done
accepts 'INSERT INTO d VALUES (7001, 3000), (7002, 7002)'
accepts 'CREATE UNIQUE INDEX /*A*/ d_a ON d (a)'
job=$output
refuses 'INSERT INTO d VALUES (8000, 1)'
ends "$job" f
equals 'why' "$(sql "SELECT details FROM sys.jobs WHERE job_id = '$job'")" \
    'Found duplicate key while validating index for UCVs'
equals 'it stays invalid' "$(is_valid d_a)" f
for value in 1 3000 6000 7002; do
    refuses "INSERT INTO d VALUES (8000, $value)"
done
accepts 'INSERT INTO d VALUES (8000, 8000)'
refuses 'UPDATE d SET a = 8000 WHERE id = 1'
accepts 'DROP INDEX d_a'
accepts 'INSERT INTO d VALUES (8001, 1)'

# NULL is no duplicate of NULL, unless the index says so; several columns are one key.
accepts 'CREATE TABLE n (id int PRIMARY KEY, a int, b text)'
accepts "INSERT INTO n VALUES (1, NULL, 'x'), (2, NULL, 'x'), (3, 1, 'x'), (4, 1, 'y')"
accepts 'CREATE UNIQUE INDEX /*A*/ n_ab ON n (a, b)'
ends "$output" t
refuses "INSERT INTO n VALUES (5, 1, 'y')"
accepts 'CREATE UNIQUE INDEX /*A*/ n_ab2 ON n (a, b) NULLS NOT DISTINCT'
ends "$output" f
refuses "INSERT INTO n VALUES (5, NULL, 'x')"

# A function of a user may take long, so this index starts empty.  A duplicate that goes in meanwhile is
# found by the job if it is committed by then, and else by its COMMIT.
# shellcheck disable=SC2016 # SQL's $1
accepts 'CREATE FUNCTION same(int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT $1 FROM generate_series(1, 1) $$'
accepts 'CREATE TABLE f (id int PRIMARY KEY, a int)'
accepts 'INSERT INTO f VALUES (1, 1)'
accepts 'CREATE UNIQUE INDEX /*A*/ f_a ON f (same(a))'
job=$output
succeeds 'a transaction that the job overtakes' psql -X -q -A -t -v VERBOSITY=verbose <<SQL
BEGIN;
INSERT INTO f VALUES (2, 1);
\! psql -X -q -A -t -c "CALL sys.wait_for_job('$job')"
COMMIT;
SQL
says '40001: schema has been updated by another transaction (OC001)'
equals 'the job' "$(sql "SELECT status FROM sys.jobs WHERE job_id = '$job'")" completed
refuses 'INSERT INTO f VALUES (2, 1)'
accepts 'DROP INDEX f_a'
accepts 'CREATE UNIQUE INDEX /*A*/ f_a ON f (same(a))'
job=$output
accepts 'INSERT INTO f VALUES (2, 1)'
ends "$job" f

# A transaction that does not know of the index does not commit.
succeeds 'a transaction that the index overtakes' psql -X -q -A -t -v VERBOSITY=verbose <<'SQL'
BEGIN;
INSERT INTO n VALUES (10, 10, 'x'), (11, 10, 'y');
\! psql -X -q -A -t -c 'DROP INDEX n_ab' -c 'CREATE UNIQUE INDEX /*A*/ n_a ON n (a)'
COMMIT;
SQL
says '40001: schema has been updated by another transaction (OC001)'

# A row that changes between the statement and its COMMIT is in the index as it is then.
accepts 'CREATE TABLE h (id int PRIMARY KEY, a int)'
accepts 'INSERT INTO h VALUES (1, 1), (2, 2)'
succeeds 'a block that others write in' psql -X -q -A -t <<'SQL'
BEGIN;
CREATE UNIQUE INDEX /*A*/ h_a ON h (a);
\! psql -X -q -A -t -c 'UPDATE h SET a = 10 WHERE id = 1'
COMMIT;
SQL
job=$output
accepts 'INSERT INTO h VALUES (3, 1)'
refuses 'INSERT INTO h VALUES (4, 10)'
ends "$job" t
equals 'the new value' "$(sql 'SET enable_seqscan = off; SELECT id FROM h WHERE a = 10')" 1

# Each row of a table is in its valid indexes, and in their order.
if sql "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'" | grep -q 1; then
    export PGOPTIONS='-c dsql_local.strict=off'
    accepts 'CREATE EXTENSION amcheck'
    accepts "SELECT bt_index_parent_check(i.indexrelid, true)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relnamespace = 'public'::regnamespace AND i.indisvalid"
fi
finish_checks
