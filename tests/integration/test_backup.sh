#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The content of a cluster is written to a file and restored in another cluster, all or nothing.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-backup.XXXXXX")
chmod 0711 "$scratch"
other=$scratch/other
file=$scratch/content.sql

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$DSQL" local stop --dir "$other" >/dev/null 2>&1 || true
    rm -rf "$scratch"
}
trap clean_up EXIT

owner() {
    env -u PGHOSTADDR -u PGPORT psql -X -At -v ON_ERROR_STOP=1 -U dsql_owner -d postgres \
        -h "$other/run" -p 5432 -c "$1"
}
dump() { "$DSQL" local dump --dir "$CLUSTER_DIR" "$@"; }
restore() { "$DSQL" local restore --dir "$other" "$@"; }

succeeds 'a table' sql 'CREATE TABLE t (id int PRIMARY KEY, word text)'
line='CREATE ACCESS METHOD dsql TYPE TABLE HANDLER sys.dsql_tableam_handler;'
succeeds rows sql "INSERT INTO t SELECT i, '$line' FROM generate_series(1, 3000) i"
succeeds 'more rows' sql "INSERT INTO t SELECT i, NULL FROM generate_series(3001, 4000) i"
succeeds 'an index' sql 'CREATE UNIQUE INDEX ASYNC t_by_id ON t (id, word)'
succeeds 'its job' sql "CALL sys.wait_for_job('$output')"
succeeds 'a schema' sql 'CREATE SCHEMA "my schema"'
succeeds 'a role' "$DSQL" local iam grant --dir "$CLUSTER_DIR" "o'hara"
succeeds 'its rights' sql "GRANT SELECT ON t TO \"o'hara\""
succeeds 'a view' sql 'CREATE VIEW "my schema".v AS SELECT count(*) FROM t'

succeeds dump dump "$file"
says 'dumping'
equals 'the mode of the file' "$(stat -c %a "$file")" 600
fails 'a missing directory' dump "$scratch/none/file"
fails 'without a file' dump
says 'no file given'

fails 'a stopped cluster' restore "$file"
says 'no cluster is running'
succeeds 'another cluster' "$DSQL" local start --dir "$other" --port 0
head -c 2000 "$file" >"$scratch/cut"
fails 'a truncated file' restore "$scratch/cut"
says 'is incomplete'
fails 'a foreign file' restore "$0"
says 'was not written by'
{
    head -n 1 "$file"
    echo 'CREATE TABLE half (id int); SELECT 1 / 0;'
    tail -n 1 "$file"
} >"$scratch/wrong"
fails 'a file with an error in it' restore "$scratch/wrong"
says 'division by zero'
says 'Nothing was changed'
equals 'no table was created' "$(owner "SELECT count(*) FROM pg_class WHERE relname = 'half'")" 0

succeeds restore restore "$file"
equals 'rows' "$(owner 'SELECT count(*), count(word), min(word) FROM t')" "4000|3000|$line"
equals 'the view' "$(owner 'SELECT * FROM "my schema".v')" 4000
equals 'its access method' \
    "$(owner "SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE relname = 't'")" dsql
equals 'its owner' "$(owner "SELECT tableowner FROM pg_tables WHERE tablename = 't'")" admin
equals 'the index' "$(owner "SELECT indisvalid FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
    WHERE relname = 't_by_id'")" t
equals 'rights' "$(owner "SELECT has_table_privilege('o''hara', 't', 'SELECT')")" t
equals 'the role mapping' "$(owner "SELECT pg_role_name FROM sys.iam_pg_role_mappings")" "o'hara"
fails 'twice' restore "$file"
says 'already exists'

finish_checks
