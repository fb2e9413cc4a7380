#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What Aurora DSQL answers, statement by statement (service_answers/*.answers), and what
# must go on working beside it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$here/check.sh"

PGPASSWORD=$("$DSQL" token "$CLUSTER_ENDPOINT")
export PGPASSWORD
connection="host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full"
sql() { psql -X -At -q -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -c "$1" "$connection"; }
owner() {
    env -u PGHOSTADDR -u PGPORT psql -X -At -v ON_ERROR_STOP=1 -U dsql_owner -d postgres \
        -h "$CLUSTER_DIR/run" -p 5432 -c "$1"
}
ask() {
    PGHOST=$CLUSTER_ENDPOINT PGUSER=admin PGDATABASE=postgres PGSSLMODE=verify-full \
        "$BUILD/tests/integration/service_answers/service_answers" "$1"
}

for table in "$here"/service_answers/*.answers; do
    succeeds "$(basename "$table")" ask "$table"
    printf '%s: %s\n' "$(basename "$table")" "$(printf '%s\n' "$output" | tail -n 1)"
done

# The judge judges.
wrong=$(mktemp "${TMPDIR:-/tmp}/dsql-answers.XXXXXX")
printf '+I SELECT 1 AS one\n: two\n' >"$wrong"
fails 'another column' ask "$wrong"
printf -- '-I SELECT 1\n! 0A000 no\n' >"$wrong"
fails 'no refusal' ask "$wrong"
printf -- '-I TRUNCATE t\n! 0A000 unsupported statement: Trunc\n' >"$wrong"
fails 'part of a text' ask "$wrong"
printf '+I TRUNCATE t\n' >"$wrong"
fails 'a refusal' ask "$wrong"
printf '+ SELECT 1\n' >"$wrong"
fails 'no source' ask "$wrong"
says 'a statement without a source'
rm -f "$wrong"

# A constraint takes over an index that is there and valid, and no other.
succeeds 'a table' sql 'CREATE TABLE taken (id int PRIMARY KEY, a int, b int)'
succeeds 'its rows' sql 'INSERT INTO taken VALUES (1, 1, 7), (2, 2, 7)'
succeeds 'an index' sql 'CREATE UNIQUE INDEX ASYNC taken_a ON taken (a)'
succeeds 'it is built' sql "CALL sys.wait_for_job('$output')"
succeeds 'its constraint' sql 'ALTER TABLE taken ADD CONSTRAINT a_once UNIQUE USING INDEX taken_a'
equals 'its access method' "$(sql "SELECT amname FROM pg_am WHERE oid = 403")" btree_index
succeeds 'an index that cannot be' sql 'CREATE UNIQUE INDEX ASYNC taken_b ON taken (b)'
succeeds 'it is not built' sql "CALL sys.wait_for_job('$output')"
equals 'it failed' "$output" f
fails 'its constraint' sql 'ALTER TABLE taken ADD CONSTRAINT b_once UNIQUE USING INDEX taken_b'
says '55000: index "taken_b" is not valid'

# What only the grammar of version 16 has, where the server is older.
case $(owner 'SHOW server_version_num') in
15*)
    for later in "SELECT '{}' IS JSON" "SELECT JSON_ARRAY(1, 2)" "SELECT json_object('a': 1)" \
        'SELECT * FROM (SELECT 1)' 'SELECT system_user' 'SELECT 0xFFFFFFFFFF'; do
        fails "$later" sql "$later"
        says 'Run the local cluster on PostgreSQL 17.'
    done
    ;;
esac
fails 'an unknown column' sql 'SELECT unknown'
case $output in *'PostgreSQL 17'*) fail_check 'a hint for nothing' "$output" ;; esac

# A client that begins with an encoding that the gateway cannot read.
fails 'an encoding for clients only' env PGCLIENTENCODING=SJIS psql -X -c 'SELECT 1' "$connection"
says 'client encoding "SJIS" not supported'

# Large objects are made without a query as well: by messages that call a function.
fails 'a large object of a file' sql "\\lo_import '$0'"
says 'function lo_creat not supported'
equals 'large objects' "$(sql 'SELECT count(*) FROM pg_largeobject_metadata')" 0

# Functions are refused where they are executed, whoever has written the call, and when.
# shellcheck disable=SC2016 # dollar quotes of SQL
succeeds 'functions of the owner' owner 'SET dsql_local.strict = off;
    CREATE FUNCTION public.notifies() RETURNS text LANGUAGE sql AS $$ SELECT pg_notify($a$a$a$, $a$b$a$)::text $$;
    CREATE FUNCTION public.locks() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_lock(1); RETURN 1; END $$;
    CREATE TABLE public.exporting (id int PRIMARY KEY, a text DEFAULT pg_export_snapshot())'
fails 'a body that is inlined' sql 'SELECT public.notifies()'
says '0A000: function pg_notify not supported'
fails 'a body that is not' sql 'SELECT public.locks()'
says '0A000: function pg_advisory_lock not supported'
succeeds 'the right' owner 'GRANT INSERT ON public.exporting TO admin'
fails 'a default' sql 'INSERT INTO public.exporting (id) VALUES (1)'
says '0A000: function pg_export_snapshot not supported'

# Functions that a job calls, for an index or a CHECK, and ANALYZE.
succeeds 'a table' sql 'CREATE TABLE worked_on (id int PRIMARY KEY, a int)'
succeeds 'its row' sql 'INSERT INTO worked_on VALUES (1, 1)'
succeeds 'a function' sql "CREATE FUNCTION hides(int) RETURNS int LANGUAGE sql AS
    \$\$ SELECT length(query_to_xml('SELECT lo_' || 'create(0)', true, true, '')::text) \$\$"
succeeds 'a function of that' sql "CREATE FUNCTION calls_it(int) RETURNS int LANGUAGE sql IMMUTABLE AS
    'SELECT \$1 + public.hides(\$1)'"
succeeds 'an index' sql 'CREATE INDEX ASYNC worked_on_a ON worked_on (calls_it(a))'
succeeds 'it is not built' sql "CALL sys.wait_for_job('$output')"
equals 'it failed' "$output" f
succeeds 'no index' sql 'DROP INDEX worked_on_a'
succeeds 'a constraint' sql 'ALTER TABLE worked_on ADD CONSTRAINT checked CHECK (calls_it(a) > 0) NOT VALID'
succeeds 'its job' sql 'ALTER TABLE ASYNC worked_on VALIDATE CONSTRAINT checked'
succeeds 'it is not validated' sql "CALL sys.wait_for_job('$output')"
equals 'it failed' "$output" f
equals 'why' "$(sql "SELECT string_agg(DISTINCT details, '') FROM sys.jobs WHERE status = 'failed' AND details LIKE '%lo_%'")" \
    'function lo_create not supported'
equals 'large objects' "$(sql 'SELECT count(*) FROM pg_largeobject_metadata')" 0

# Who looks around is not in the way.
for command in '\d' '\d+ taken' '\sv seen' '\d child' '\dt' '\di' '\dv' '\ds' '\df' '\dn+' '\du' '\dp' '\dT' '\dD' '\dFp' '\dx' '\sf sys.dsql_major_version'; do
    succeeds "psql $command" sql "$command"
done
# Told that this is a 16, psql asks pg_database for a column that is gone in 17: a limit.
case $(cat "$CLUSTER_DIR/data/PG_VERSION") in
15 | 16) succeeds 'psql \l' sql '\l' ;;
esac

# What may be said at start-up, and what not.
succeeds 'settings at start-up' env PGOPTIONS='-c search_path=public -c enable_seqscan=off' \
    psql -X -At -c 'SHOW enable_seqscan' "$connection"
equals 'it is set' "$output" off
fails 'others' env PGOPTIONS='-c default_transaction_read_only=on' psql -X -c 'SELECT 1' "$connection"
says 'setting configuration parameter "default_transaction_read_only" not supported'

# The owner, for maintenance, is not bound.
succeeds 'a PL/pgSQL block of the owner' owner 'DO $$ BEGIN PERFORM 1; END $$'
succeeds 'a temporary table of the owner' owner 'CREATE TEMP TABLE mine (t tsvector); TRUNCATE mine'
# PostgreSQL looks for an access method "btree" in these.
succeeds 'keys of the owner' owner 'SET dsql_local.strict = off;
    CREATE TABLE retyped (id int PRIMARY KEY, a varchar(3) UNIQUE, EXCLUDE USING btree (a WITH =));
    CREATE INDEX retyped_a ON retyped USING btree (a);
    ALTER TABLE retyped ALTER id TYPE bigint, ADD COLUMN z int UNIQUE;
    ALTER TABLE retyped ALTER a TYPE text, ADD CONSTRAINT more UNIQUE (id, a)'
equals 'their access methods' "$(owner "SELECT amname, count(*) FROM pg_index i JOIN pg_class c
    ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = relam WHERE i.indrelid = 'retyped'::regclass GROUP BY 1")" \
    'btree_index|6'
succeeds 'no keys of the owner' owner 'DROP TABLE retyped'
succeeds 'the version of the owner' owner 'SELECT version()'
says 'PostgreSQL 1'

# An ordinary role.
succeeds 'a role' "$DSQL" local iam grant --dir "$CLUSTER_DIR" stranger
stranger() {
    PGPASSWORD=$("$DSQL" token --user stranger "$CLUSTER_ENDPOINT") psql -X -At -v VERBOSITY=verbose -c "$1" \
        "host=$CLUSTER_ENDPOINT user=stranger dbname=postgres sslmode=verify-full"
}
succeeds 'a table' sql 'CREATE TABLE others (id int PRIMARY KEY)'
fails 'a schema of others' stranger 'CREATE SCHEMA strange'
says '42501: permission denied for database postgres'
fails 'a table in public' stranger 'CREATE TABLE public.strange (id int)'
says '42501: permission denied for schema public'
fails 'rows of others' stranger 'SELECT * FROM others'
says '42501: permission denied for table others'
fails 'what nobody may' stranger 'TRUNCATE others'
says '0A000: unsupported statement: Truncate'

# Limits.
names() { seq "$1" | sed "s/.*/$2/" | paste -s -d, -; }
succeeds '255 columns' sql "CREATE TABLE wide ($(names 255 'c& int'))"
fails '256 columns' sql "CREATE TABLE wider ($(names 256 'c& int'))"
says '54011: tables can have at most 255 columns'
fails 'one more column' sql 'ALTER TABLE wide ADD COLUMN d int'
says '54011: tables can have at most 255 columns'
succeeds 'one for another' sql 'ALTER TABLE wide DROP COLUMN c7'
succeeds 'one more column' sql 'ALTER TABLE wide ADD COLUMN d int'
succeeds '24 keys' sql "CREATE TABLE keyed (c int PRIMARY KEY, $(names 23 'c& int UNIQUE'))"
fails '25 keys' sql "CREATE TABLE more_keys (c int PRIMARY KEY, $(names 24 'c& int UNIQUE'))"
says '54000: more than 24 indexes per table are not allowed'
fails 'the 25th index' sql 'CREATE INDEX ASYNC ON keyed (c, c1)'
says '54000: more than 24 indexes per table are not allowed'
# A view's definition: 2 MiB as it is stored, four bytes for each one of a literal.
view() {
    {
        printf "CREATE OR REPLACE VIEW long_view AS SELECT '"
        head -c "$1" /dev/zero | tr '\0' x
        printf "' AS a;\n"
    } | psql -X -q -v VERBOSITY=verbose "$connection" 2>&1
}
output=$(view 530000)
says '54000: view definition too large'
equals 'a literal of 500,000 bytes' "$(view 500000)" ''
output=$(view 530000)
says '54000: view definition too large'
# There is one already: nest.
for i in $(seq 9); do succeeds "schema $i" sql "CREATE SCHEMA limit_$i"; done
fails 'the 11th schema' sql 'CREATE SCHEMA limit_10x'
says '54000: more than 10 schemas not allowed'
fails 'even if it is there' sql 'CREATE SCHEMA IF NOT EXISTS limit_9'
says '54000: more than 10 schemas not allowed'
succeeds 'one less' sql 'DROP SCHEMA limit_9'
# Of two transactions that create the last one at the same time, one does.
output=$(psql -X -q -v VERBOSITY=verbose "$connection" 2>&1 <<SQL
BEGIN;
CREATE SCHEMA limit_ours;
\\! psql -X -q -c 'CREATE SCHEMA limit_theirs' "$connection"
COMMIT;
SQL
)
says 'OC001'
equals 'one of them' "$(sql "SELECT string_agg(nspname, ' ') FROM pg_namespace WHERE nspname IN ('limit_ours', 'limit_theirs')")" limit_theirs
succeeds 'one less' sql 'DROP SCHEMA limit_theirs'
succeeds 'a schema that is there' sql 'CREATE SCHEMA IF NOT EXISTS limit_8'
succeeds 'one more' sql 'CREATE SCHEMA limit_10x'
# shellcheck disable=SC2016 # dollar quotes of SQL
succeeds '1,000 tables' owner 'SET dsql_local.strict = off;
    DO $$ BEGIN FOR i IN (SELECT count(*) + 1 FROM pg_class WHERE relkind = $q$r$q$
        AND relnamespace = $q$public$q$::regnamespace) .. 1000 LOOP
    EXECUTE format($q$CREATE TABLE limit_%s ()$q$, i); END LOOP; END $$'
fails 'the 1,001st' sql 'CREATE TABLE one_more ()'
says '54000: creating more than 1000 tables not allowed'
succeeds 'a table that is there' sql 'CREATE TABLE IF NOT EXISTS keyed (id int)'

finish_checks
