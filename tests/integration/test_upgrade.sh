#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A cluster of an earlier build is upgraded when this build starts it: it keeps data, mappings
# and jobs, and its definitions are those of a new cluster.  A cluster that cannot be upgraded
# is refused and left as it is.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"
states=$(dirname "$0")/older_clusters

owner() {
    env -u PGHOSTADDR -u PGPORT PGOPTIONS='-c dsql_local.strict=off -c client_min_messages=warning
        -c check_function_bodies=off -c default_table_access_method=heap' \
        psql -X -q -At -v ON_ERROR_STOP=1 -U dsql_owner -d postgres -h "$CLUSTER_DIR/run" -p 5432 "$@"
}
start() { "$DSQL" local start --dir "$CLUSTER_DIR" "$@"; }
stop() { "$DSQL" local stop --dir "$CLUSTER_DIR"; }
label() { owner -c "SELECT obj_description('sys'::regnamespace)"; }
relabel() { owner -c "COMMENT ON SCHEMA sys IS '$1'"; }

# make_older FILE...: the cluster as the build left it that ran these files, with data in it.
make_older() {
    succeeds empty owner -f "$states/empty.sql"
    for state in "$@"; do
        sed 's/MODULE_PATHNAME/dsql_local/g' "$states/$state.sql" >"$scratch/state.sql"
        succeeds "$state" owner -f "$scratch/state.sql"
    done
    [ $# -eq 1 ] || succeeds "$state: label" relabel 'dsql_local 1.0'
    arn=arn:aws:iam::000000000000:user/local-admin
    case $state in
    4) map="RESET SESSION AUTHORIZATION; INSERT INTO sys.iam_role_mappings
        VALUES (nextval('sys.iam_oids'), '$arn', 'app'::regrole, 'admin'::regrole)" ;;
    *) map="SELECT sys.iam_grant('app', '$arn')" ;;
    esac
    succeeds "$state: data" owner -c "
        CREATE ROLE app LOGIN;
        SET SESSION AUTHORIZATION admin;
        CREATE TABLE t (id int PRIMARY KEY, word text);
        INSERT INTO t SELECT i, 'word ' || i FROM generate_series(1, 100) i;
        GRANT SELECT ON t TO app;
        $map"
    case $state in
    1.0_jobs | 1.0_last | 2 | 3 | 4)
        succeeds "$state: a job" owner -c "INSERT INTO sys.job_list VALUES (gen_random_uuid(),
            'INDEX_BUILD', 't'::regclass, 'CREATE INDEX', 'completed', 'kept', now(), now())"
        ;;
    esac
}

# check_upgraded NAME VERSION JOBS
check_upgraded() {
    # Once admin could grant them.
    succeeds "$1: a predefined role" owner -c 'GRANT pg_write_all_data, pg_read_all_settings TO app'
    succeeds "$1: stop" stop
    succeeds "$1: start" start
    says "upgraded schema sys from version $2 to 5."
    owner -f "$states/definitions.sql" >"$scratch/upgraded"
    succeeds "$1: its definitions are those of a new cluster" \
        diff "$scratch/new" "$scratch/upgraded"
    equals "$1: rows" "$(sql 'SELECT count(*), max(word) FROM t')" '100|word 99'
    equals "$1: mappings" "$("$DSQL" local iam list --dir "$CLUSTER_DIR")" \
        'app arn:aws:iam::000000000000:user/local-admin'
    equals "$1: jobs" "$(sql "SELECT count(*) FROM sys.jobs WHERE details = 'kept'")" "$3"
    succeeds "$1: log in" env PGPASSWORD="$("$DSQL" token --user app "$CLUSTER_ENDPOINT")" \
        psql -X -Atc 'SELECT id FROM t WHERE id = 7' \
        "host=$CLUSTER_ENDPOINT user=app dbname=postgres sslmode=verify-full"
    succeeds "$1: an index" sql 'CREATE INDEX ASYNC t_by_word ON t (word)'
    succeeds "$1: it is built" sql "CALL sys.wait_for_job('$output')"
    equals "$1: it is valid" "$(owner -c "SELECT indisvalid FROM pg_index
        WHERE indexrelid = 't_by_word'::regclass")" t
    equals "$1: memberships of the predefined roles" "$(owner -c "SELECT count(*) FROM pg_auth_members
        WHERE member = 'app'::regrole")" 0
    equals "$1: their own" "$(owner -c "SELECT pg_has_role('pg_monitor', 'pg_read_all_stats', 'USAGE')")" t
    equals "$1: the table's access method" "$(owner -c "SELECT amname FROM pg_class c
        JOIN pg_am m ON m.oid = relam WHERE c.oid = 't'::regclass")" dsql
}

# refuses_to_start NAME TEXT: and leaves the cluster stopped.
refuses_to_start() {
    succeeds "$1: stop" stop
    fails "$1" start
    says "$2"
    fails "$1: it does not run" "$DSQL" local status --dir "$CLUSTER_DIR"
}

# Starts PostgreSQL alone, as the cluster's owner does, to put right what start refused.
without_dsql() {
    as_owner='' && [ "$(id -u)" -ne 0 ] || as_owner='setpriv --reuid=postgres --regid=postgres --init-groups --'
    data=$CLUSTER_DIR/data
    # shellcheck disable=SC2086 # a command and its arguments
    printf '%s\n' "$1" | (cd / && $as_owner "$(pg_config --bindir)/postgres" --single -D "$data" \
        -c shared_preload_libraries=dsql_local -c "dynamic_library_path=$CLUSTER_DIR/lib:\$libdir" \
        -c dsql_local.strict=off postgres) >"$scratch/single" 2>&1
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-upgrade.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
owner -f "$states/definitions.sql" >"$scratch/new"

make_older before_extension
check_upgraded 'before the extension' 0 0
succeeds 'start again' stop
succeeds 'start again' start
case $output in *upgraded*) fail_check 'a cluster is upgraded twice' "$output" ;; esac

make_older before_extension 1.0_access_method
check_upgraded 'the first 1.0' 1.0 0
make_older before_extension 1.0_jobs
check_upgraded '1.0 with jobs' 1.0 1
make_older before_extension 1.0_last
check_upgraded 'the last 1.0' 1.0 1

make_older 2
succeeds 'version 2: label' relabel 'dsql_local 2.91a3d3badaff'
check_upgraded 'version 2' 2.91a3d3badaff 1

make_older 3
succeeds 'version 3: label' relabel 'dsql_local 3.7d54dc98d364'
check_upgraded 'version 3' 3.7d54dc98d364 1

make_older 4
succeeds 'version 4: label' relabel 'dsql_local 4.5476a2b440aa'
check_upgraded 'version 4' 4.5476a2b440aa 1

ours=$(label)
succeeds 'the same version with other content' relabel 'dsql_local 2.0123456789ab'
succeeds 'stop' stop
succeeds 'start' start
says 'upgraded schema sys from version 2.0123456789ab'
equals 'the label' "$(label)" "$ours"

succeeds 'a newer version' relabel 'dsql_local 99.0123456789ab'
refuses_to_start 'a newer version' 'by a newer dsql: its schema sys has version 99.0123456789ab'
succeeds 'it is left as it is' without_dsql "COMMENT ON SCHEMA sys IS 'somebody else''s'"
fails 'an unknown label' start
says "the version of its schema sys is unknown (\"somebody else's\")"

succeeds 'one that cannot be upgraded' without_dsql "COMMENT ON SCHEMA sys IS 'dsql_local 1.0'"
without_dsql 'DROP FUNCTION sys.dsql_major_version()'
without_dsql "CREATE FUNCTION sys.dsql_major_version() RETURNS text LANGUAGE sql AS 'SELECT ''1'''"
fails 'one that cannot be upgraded' start
says 'could not upgrade the cluster'
says 'cannot change return type of existing function'
says 'Nothing was changed'
without_dsql 'DROP FUNCTION sys.dsql_major_version()'
succeeds 'once the obstacle is gone' start
says 'upgraded schema sys from version 1.0'

succeeds 'a data directory of another PostgreSQL' stop
major=$(cat "$CLUSTER_DIR/data/PG_VERSION")
echo 14 >"$CLUSTER_DIR/data/PG_VERSION"
fails 'a data directory of another PostgreSQL' start
says 'was created by PostgreSQL 14'
echo "$major" >"$CLUSTER_DIR/data/PG_VERSION"
succeeds 'the right PostgreSQL' start

finish_checks
