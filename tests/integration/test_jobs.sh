#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Asynchronous jobs, through the gateway: CREATE INDEX ASYNC and ALTER TABLE ASYNC,
# what is rejected, and how jobs end.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"

refuses() {
    fails "$1" sql "$1"
    says "$2"
}

# has_ended JOB WANTED DETAILS
has_ended() {
    succeeds "job $1" sql "CALL sys.wait_for_job('$1')"
    equals "what wait_for_job says of $1" "$output" "$2"
    equals "details of $1" "$(sql "SELECT coalesce(details, '') FROM sys.jobs WHERE job_id = '$1'")" "$3"
}

# jobs_have_ended: the end of a job on a table is a conflict for whoever uses the table just then.
jobs_have_ended() {
    for running in $(sql "SELECT job_id FROM sys.jobs WHERE status IN ('submitted', 'processing')"); do
        succeeds "job $running" sql "CALL sys.wait_for_job('$running')"
    done
}

is_valid() { sql "SELECT indisvalid FROM pg_index WHERE indexrelid = '$1'::regclass"; }

succeeds 'a table' sql 'CREATE TABLE t (id int PRIMARY KEY, a int, b jsonb)'
succeeds rows sql 'INSERT INTO t SELECT i, i % 100 FROM generate_series(1, 1000) i'

refuses 'CREATE INDEX ON t (a)' '0A000: unsupported mode. please use CREATE INDEX ASYNC.'
refuses 'CREATE INDEX "ASYNC" ON t (a)' 'unsupported mode'
refuses 'CREATE INDEX CONCURRENTLY i ON t (a)' '0A000: CONCURRENTLY not supported for CREATE INDEX'
refuses 'CREATE INDEX ASYNC i ON t USING btree (a)' '0A000: USING not supported for CREATE INDEX'
refuses 'CREATE INDEX i ON t USING hash (a)' '0A000: USING not supported for CREATE INDEX'
refuses 'CREATE INDEX ASYNC i ON t (a DESC)' 'specifying sort order not supported for index keys'
refuses 'CREATE INDEX ASYNC i ON t (a int4_ops)' 'opclass not supported for index keys'
refuses 'CREATE INDEX ASYNC i ON t (b)' 'datatype jsonb is not supported in a key'
refuses 'CREATE INDEX ASYNC i ON t (a,a,a,a,a,a,a,a,a)' '54011: more than 8 column keys'
refuses 'CREATE INDEX ASYNC i ON t (nothing)' '42703'
refuses 'CREATE INDEX ASYNC i ON nothing (a)' '42P01'
refuses 'ALTER TABLE t VALIDATE CONSTRAINT c' '0A000: unsupported ALTER TABLE VALIDATE CONSTRAINT statement'
refuses 'ALTER TABLE ASYNC t ADD COLUMN c int' '0A000'
refuses 'CALL sys.job_row()' '0A000'
refuses "CALL sys.wait_for_job('x')" '22P02: Unable to convert text to UUID'
refuses "SELECT sys.wait_for_job('x')" '42809: sys.wait_for_job(unknown) is a procedure'
refuses "CALL sys.wait_for_job('aaaaaaaaaaaaaaaaaaaaaaaaaa')" '42704'
equals 'no job yet' "$(sql "SELECT count(*) FROM sys.jobs WHERE job_type <> 'ANALYZE'")" 0

succeeds 'CREATE INDEX ASYNC' sql 'CREATE INDEX ASYNC i ON t (a)'
job=$output
equals 'length of a job id' "${#job}" 26
has_ended "$job" t ''
equals 'the index' "$(is_valid i)" t
equals 'a job' "$(sql "SELECT status, job_type, class_id, object_id = 'i'::regclass, object_name IS NULL
    FROM sys.jobs WHERE job_id = '$job'")" 'completed|INDEX_BUILD|1259|t|t'
succeeds 'the index is used' sql 'SET enable_seqscan = off; EXPLAIN SELECT * FROM t WHERE a = 7'
says ' i '
succeeds 'IF NOT EXISTS' sql 'CREATE INDEX ASYNC IF NOT EXISTS i ON t (a)'
says 'already exists, skipping'
refuses 'CREATE INDEX ASYNC i ON t (a)' '42P07'

succeeds 'in a block' sql 'BEGIN; CREATE UNIQUE INDEX ASYNC ON t (id, a); COMMIT'
equals 'length of its job id' "${#output}" 26
succeeds 'by the extended protocol' "$BUILD/tests/integration/async_statement/async_statement"
says 'ok'
equals 'a name was found' "$(sql "SELECT count(*) FROM pg_class WHERE relname = 't_id_a_idx'")" 1
succeeds 'rolled back' sql 'BEGIN; CREATE INDEX ASYNC gone ON t (a); ROLLBACK'
equals 'no job of it' "$(sql "SELECT count(*) FROM sys.jobs WHERE object_name = 'public.gone'")" 0
jobs_have_ended
succeeds 'its own job' script <<'SQL'
BEGIN;
CREATE INDEX ASYNC own ON t (a) \gset
CALL sys.wait_for_job(:'job_id');
ROLLBACK;
SQL
says '25001'

succeeds 'a unique index that cannot be' sql 'CREATE UNIQUE INDEX ASYNC u ON t (a)'
has_ended "$output" f 'Found duplicate key while validating index for UCVs'
equals 'it stays, invalid' "$(is_valid u)" f
succeeds 'it is dropped' sql 'DROP INDEX u'
succeeds 'a unique index' sql 'CREATE UNIQUE INDEX ASYNC u ON t (id, a)'
has_ended "$output" t ''
refuses 'INSERT INTO t VALUES (1, 1)' '23505'

succeeds 'a constraint' sql 'ALTER TABLE t ADD CONSTRAINT c CHECK (a >= 0) NOT VALID'
succeeds 'ALTER TABLE ASYNC' sql 'ALTER TABLE ASYNC t VALIDATE CONSTRAINT c'
has_ended "$output" t ''
equals 'it is valid' "$(sql "SELECT convalidated FROM pg_constraint WHERE conname = 'c'")" t
succeeds 'a false one' sql 'ALTER TABLE t ADD CONSTRAINT d CHECK (a > 0) NOT VALID'
succeeds 'ALTER TABLE ASYNC' sql 'ALTER TABLE ASYNC t VALIDATE CONSTRAINT d'
has_ended "$output" f 'check constraint "d" is violated by some row'
refuses 'ALTER TABLE ASYNC t VALIDATE CONSTRAINT e' '42704: constraint "e" of relation "t" does not exist'

succeeds 'a role' "$DSQL" local iam grant --dir "$CLUSTER_DIR" stranger
succeeds 'no owner' sql 'GRANT SELECT ON t TO stranger'
PGPASSWORD=$("$DSQL" token --user stranger "$CLUSTER_ENDPOINT") || true
export PGPASSWORD
stranger() {
    psql -X -At -q -c "$1" "host=$CLUSTER_ENDPOINT user=stranger dbname=postgres sslmode=verify-full"
}
fails 'an index on a table of others' stranger 'CREATE INDEX ASYNC x ON t (a)'
says 'must be owner of table t'
fails 'a constraint of others' stranger 'ALTER TABLE ASYNC t VALIDATE CONSTRAINT c'
says 'must be owner of table t'
fails 'to write jobs' stranger 'DELETE FROM sys.job_list'
says 'permission denied'
succeeds 'to read jobs' stranger 'SELECT count(*) FROM sys.jobs'
unset PGPASSWORD

# A transaction that used the table before the index was complete gets a conflict.
succeeds 'a transaction that a completion overtakes' script <<SQL
BEGIN;
SELECT count(*) FROM t;
\! PGPASSWORD=\$("$DSQL" token "$CLUSTER_ENDPOINT") psql -X -At -q -c 'CREATE INDEX ASYNC later ON t (a) WHERE a = 3' "host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full"
SELECT count(*) FROM t;
COMMIT;
SQL
says '40001: schema has been updated by another transaction (OC001)'

jobs_have_ended
succeeds 'an inserter that a completion overtakes' script <<SQL
BEGIN;
INSERT INTO t VALUES (5000, 3);
\! PGPASSWORD=\$("$DSQL" token "$CLUSTER_ENDPOINT") psql -X -At -q -c 'CREATE INDEX ASYNC latest ON t (a, id)' "host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full"
COMMIT;
SQL
says '40001: schema has been updated by another transaction (OC001)'
jobs_have_ended
equals 'its row' "$(sql 'SELECT count(*) FROM t WHERE id = 5000')" 0

# Keys of rows that are older than the index: of 3,200 and 2,100 bytes, and of 1,900 with a primary key of 100.
succeeds 'long texts' sql 'CREATE TABLE long_texts (id text PRIMARY KEY, a text, b text, c text, d text)'
succeeds 'their rows' sql "INSERT INTO long_texts SELECT repeat('k', 100) || n, string_agg(md5(n || ' ' || i), ''),
    repeat('b', 2100) || n, repeat('c', 1900) || n, repeat('d', 1800) || n
    FROM generate_series(1, 5) n, generate_series(1, 100) i GROUP BY n"
for column in a b c; do
    for kind in INDEX 'UNIQUE INDEX'; do
        succeeds "a key too large: $kind $column" sql "CREATE $kind ASYNC ON long_texts ($column)"
        has_ended "$output" f 'key size too large'
    done
done
succeeds 'a key that fits' sql 'CREATE UNIQUE INDEX ASYNC ON long_texts (d)'
has_ended "$output" t ''

# What is dropped is a job: a table one, with its indexes, and an index one.
succeeds 'no table' sql 'CREATE SCHEMA dropped CREATE TABLE a (id int PRIMARY KEY, x int UNIQUE) CREATE TABLE b ()'
drop_jobs() { sql "SELECT count(*), count(object_name) FROM sys.jobs WHERE job_type = 'DROP'"; }
before=$(sql "SELECT count(*) FROM sys.jobs WHERE job_type = 'DROP'")
succeeds 'DROP rolled back' sql 'BEGIN; DROP TABLE long_texts; ROLLBACK'
equals 'no job' "$(drop_jobs)" "$before|0"
succeeds 'DROP INDEX' sql 'DROP INDEX long_texts_d_idx'
equals 'one job' "$(drop_jobs)" "$((before + 1))|0"
succeeds 'DROP TABLE' sql 'DROP TABLE long_texts'
equals 'one job' "$(drop_jobs)" "$((before + 2))|0"
succeeds 'DROP SCHEMA' sql 'DROP SCHEMA dropped CASCADE'
equals 'two jobs' "$(drop_jobs)" "$((before + 4))|0"
job=$(sql "SELECT job_id FROM sys.jobs WHERE job_type = 'DROP' ORDER BY start_time DESC LIMIT 1")
has_ended "$job" t ''

# No statement waits for a long build, which starts again when the table changes.
# shellcheck disable=SC2016 # SQL's $1
succeeds 'a slow function' sql 'CREATE FUNCTION slow(int) RETURNS int LANGUAGE sql IMMUTABLE
    AS $$ SELECT $1 FROM pg_sleep(0.005) $$'
succeeds 'a table' sql 'CREATE TABLE slowly (id int PRIMARY KEY, a int)'
succeeds 'its rows' sql 'INSERT INTO slowly SELECT i, i FROM generate_series(1, 2000) i'
succeeds 'a slow index' sql 'CREATE INDEX ASYNC slowly_built ON slowly (slow(a))'
job=$output
tries=0
until [ "$(sql "SELECT status FROM sys.jobs WHERE job_id = '$job'")" = processing ] || [ "$tries" -ge 200 ]; do
    tries=$((tries + 1))
done
equals 'it is seen' "$(sql "SELECT status, object_name FROM sys.jobs WHERE job_id = '$job'")" \
    'processing|public.slowly_built'
equals 'not valid' "$(is_valid slowly_built)" f
succeeds 'to write meanwhile' sql 'UPDATE slowly SET a = 0 WHERE id = 1'
succeeds 'to read meanwhile' sql 'SELECT * FROM slowly WHERE id = 1'
succeeds 'to change the table meanwhile' sql 'ALTER TABLE slowly ADD COLUMN b int'
succeeds 'another index meanwhile' sql 'CREATE INDEX ASYNC quickly_built ON slowly (a)'
other=$output
equals 'it goes on' "$(sql "SELECT status FROM sys.jobs WHERE job_id = '$job'")" processing
succeeds 'to drop it meanwhile' sql 'DROP INDEX slowly_built'
has_ended "$job" t 'relation "public.slowly_built" does not exist'
has_ended "$other" t ''

# A job survives the server.
pid=$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid")
succeeds 'a big table' sql 'CREATE TABLE big (id int PRIMARY KEY, a int)'
for part in 0 1 2 3 4 5 6 7 8 9; do
    succeeds 'its rows' sql "INSERT INTO big SELECT i, i FROM generate_series($part * 2500, $part * 2500 + 2499) i"
done
succeeds 'its index' sql 'CREATE INDEX ASYNC big_a ON big (a)'
job=$output
kill -9 "$pid"
tries=0
until sql 'SELECT 1' >/dev/null 2>&1 || [ "$tries" -ge 200 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
has_ended "$job" t ''
equals 'the index' "$(is_valid big_a)" t

# Jobs that have ended are forgotten, half an hour later or when the owner says.
owner() {
    env -u PGHOSTADDR -u PGPORT PGOPTIONS='-c dsql_local.strict=off' psql -X -At -q \
        -v ON_ERROR_STOP=1 -U dsql_owner -d postgres -h "$CLUSTER_DIR/run" -p 5432 -c "$1"
}
# Statistics of a new table are gathered in a job, here as soon as somebody waits for it.
analyze_jobs() { sql "SELECT job_id FROM sys.jobs WHERE job_type = 'ANALYZE' AND $1"; }
succeeds 'no job begins by itself' owner "ALTER SYSTEM SET dsql_local.job_delay = '1h'"
succeeds 'from now on' owner 'SELECT pg_reload_conf()'
succeeds 'a new table' sql 'CREATE TABLE "New Table" (id int PRIMARY KEY, a int)'
job=$(analyze_jobs "object_id = '\"New Table\"'::regclass")
equals 'one job' "${#job}" 26
equals 'it waits' "$(sql "SELECT status, object_name FROM sys.jobs WHERE job_id = '$job'")" 'submitted|public.New Table'
has_ended "$job" t ''
equals 'the table was analyzed' "$(sql "SELECT reltuples FROM pg_class WHERE relname = 'New Table'")" 0
succeeds 'what is altered is not new' sql 'ALTER TABLE "New Table" ADD COLUMN b int'
equals 'no other job' "$(analyze_jobs "object_id = '\"New Table\"'::regclass")" "$job"
before=$(analyze_jobs true | wc -l)
succeeds 'a table that is rolled back' sql 'BEGIN; CREATE TABLE never (id int); ROLLBACK'
succeeds 'a view' sql 'CREATE VIEW looks AS SELECT * FROM "New Table"'
succeeds 'a sequence' sql 'CREATE SEQUENCE counts CACHE 1'
fails 'a table that is there' sql 'CREATE TABLE "New Table" (id int)'
equals 'no jobs' "$(analyze_jobs true | wc -l)" "$before"
succeeds 'two tables' sql 'CREATE SCHEMA newer CREATE TABLE a (id int) CREATE TABLE b (id int)'
equals 'two jobs' "$(analyze_jobs true | wc -l)" $((before + 2))
job=$(analyze_jobs "object_id = 'newer.a'::regclass")
succeeds 'one is gone' sql 'DROP TABLE newer.a'
has_ended "$job" t 'Skipped job for nonexistent table.'
succeeds 'jobs begin again' owner 'ALTER SYSTEM RESET dsql_local.job_delay'
succeeds 'from now on' owner 'SELECT pg_reload_conf()'

[ "$(sql 'SELECT count(*) FROM sys.jobs')" -gt 5 ] || fail_check 'jobs are forgotten too early'
succeeds 'no time at all' owner 'ALTER SYSTEM SET dsql_local.job_retention = 0'
succeeds 'from now on' owner 'SELECT pg_reload_conf()'
tries=0
until [ "$(sql 'SELECT count(*) FROM sys.jobs')" = 0 ] || [ "$tries" -ge 100 ]; do
    tries=$((tries + 1))
done
equals 'jobs' "$(sql 'SELECT count(*) FROM sys.jobs')" 0

finish_checks
