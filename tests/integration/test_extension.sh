#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A local cluster runs with the extension dsql_local, also if it is older than the extension,
# and does not start without it.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

owner() {
    env -u PGHOSTADDR -u PGPORT PGOPTIONS='-c dsql_local.strict=off' psql -X -At -v ON_ERROR_STOP=1 -U dsql_owner -d postgres \
        -h "$CLUSTER_DIR/run" -p 5432 -c "$1"
}
start() { "$DSQL" local start --dir "$CLUSTER_DIR" --port 0 "$@"; }
stop() { "$DSQL" local stop --dir "$CLUSTER_DIR"; }
method() {
    owner "SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE relname = '$1'"
}

succeeds 'what is loaded' owner 'SHOW shared_preload_libraries'
says dsql_local
succeeds 'no two-phase commit' owner 'SHOW max_prepared_transactions'
equals 'prepared transactions' "$output" 0
succeeds 'a table' owner 'CREATE TABLE new_one (id int PRIMARY KEY)'
equals 'its access method' "$(method new_one)" dsql
equals 'the access method of tables of sys' "$(method iam_role_mappings)" heap

# cluster.sql runs when the version's hash is another one, and not at each start.
succeeds 'a table of an older cluster' owner \
    'CREATE TABLE old_one (id int PRIMARY KEY) USING heap; INSERT INTO old_one VALUES (7)'
succeeds stop stop
succeeds 'start again' start
equals 'a start of the same version' "$(method old_one)" heap
version=$(owner "SELECT obj_description('sys'::regnamespace)")
succeeds 'another hash' owner "COMMENT ON SCHEMA sys IS '${version%.*}.0123456789ab'"
succeeds stop stop
succeeds 'start again' start
equals 'the version' "$(owner "SELECT obj_description('sys'::regnamespace)")" "$version"
equals 'the older table was moved' "$(method old_one)" dsql
equals 'with its rows' "$(owner 'SELECT id FROM old_one')" 7

# shellcheck disable=SC2016 # dollar quotes of SQL
succeeds 'a cluster without the extension' owner \
    'DROP TABLE old_one, new_one; DROP ACCESS METHOD dsql CASCADE; COMMENT ON SCHEMA sys IS NULL;
     DELETE FROM pg_depend WHERE classid = $$pg_proc$$::regclass AND objid < 16384
        AND refclassid = $$pg_proc$$::regclass;
     UPDATE pg_proc SET prosupport = 0 WHERE oid < 16384 AND prosupport >= 16384;
     DO $$ DECLARE f record; BEGIN
       FOR f IN SELECT p.oid::regprocedure AS name, prokind FROM pg_proc p
         WHERE pronamespace = $q$sys$q$::regnamespace AND probin = $q$dsql_local$q$ LOOP
         EXECUTE format($q$DROP ROUTINE IF EXISTS %s CASCADE$q$, f.name);
       END LOOP;
     END $$;
     DROP TABLE IF EXISTS sys.job_list CASCADE'
succeeds stop stop
succeeds 'an older cluster starts' start
succeeds 'it has the access method' owner 'CREATE TABLE new_two (id int)'
equals 'its access method' "$(method new_two)" dsql

succeeds stop stop
empty=$(mktemp -d "${TMPDIR:-/tmp}/dsql-test.XXXXXX")
chmod 0711 "$empty"
fails 'no module' start --extension-dir "$empty"
says "there is no dsql_local.so in \"$empty\""
cp "$BUILD"/extension/dsql_local* "$empty"
echo 99 >"$empty/dsql_local.major"
fails 'a module for another server' start --extension-dir "$empty"
says 'is for PostgreSQL 99'
says '--pg-bindir'
: >"$empty/dsql_local.so"
fails 'a module without content' start --extension-dir "$empty"
says "\"$empty/dsql_local.so\" is damaged"
rm -rf "$empty"

finish_checks
