#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What admin may not do: become the owner underneath, run programs, reach files.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

token=$("$DSQL" token "$CLUSTER_ENDPOINT")
sql() {
    PGPASSWORD=$token psql -X -At -v ON_ERROR_STOP=1 -c "$1" \
        "host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full"
}

succeeds 'a role of its own' sql 'CREATE ROLE privileges_test'
for role in dsql_owner pg_execute_server_program pg_read_server_files pg_write_server_files; do
    fails "$role for admin" sql "GRANT $role TO admin"
    fails "$role for another" sql "GRANT $role TO privileges_test"
    fails "a new member of $role" sql "CREATE ROLE privileges_test2 IN ROLE $role"
    fails "to become $role" sql "SET ROLE $role"
done
fails 'a program' sql "COPY (SELECT 1) TO PROGRAM 'true'"
fails 'to write a file' sql "COPY (SELECT 1) TO '/dev/null'"
fails 'to read a file' sql "SELECT pg_read_file('PG_VERSION')"
fails 'a superuser' sql 'CREATE ROLE privileges_test2 SUPERUSER'
fails 'to alter the owner' sql 'ALTER ROLE dsql_owner NOLOGIN'
fails 'the session of the owner' sql 'SET SESSION AUTHORIZATION dsql_owner'
succeeds 'it can be dropped' sql 'DROP ROLE privileges_test'

finish_checks
