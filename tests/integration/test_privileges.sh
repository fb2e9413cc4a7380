#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What admin may not do: become the owner of the server, run programs, access files.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"

succeeds 'a role of its own' sql 'CREATE ROLE privileges_test'
for role in dsql_owner pg_execute_server_program pg_read_server_files pg_write_server_files; do
    fails "$role for admin" sql "GRANT $role TO admin"
    fails "$role for another" sql "GRANT $role TO privileges_test"
    fails "a new member of $role" sql "CREATE ROLE privileges_test2 IN ROLE $role"
    fails "to become $role" sql "SET ROLE $role"
done
# A predefined role reaches everything, the rows of schema sys too.  Each statement is refused.
ways_into() {
    for role in "$@"; do
        echo "GRANT $role TO admin;
            GRANT privileges_test, $role TO admin WITH ADMIN OPTION;
            CREATE ROLE privileges_test2 IN ROLE privileges_test, $role;
            CREATE USER privileges_test2 IN GROUP $role;
            ALTER GROUP $role ADD USER privileges_test;"
    done
}
roles=$(sql "SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'pg_')")
# shellcheck disable=SC2086 # names are single words
succeeds 'ways into predefined roles' eval "ways_into \$roles | script"
count=$(echo "$roles" | wc -l)
equals 'ways into predefined roles: errors' "$(echo "$output" | grep -c 'ERROR:')" $((5 * count))
equals 'ways into predefined roles: refused' \
    "$(echo "$output" | grep -c 'ERROR:  42501: permission denied to grant role')" $((4 * count))
for role in $roles; do
    says '42501: permission denied to grant role "'"$role"'"'
done
equals 'members of predefined roles' "$(sql "SELECT count(*) FROM pg_auth_members m
    WHERE starts_with(m.roleid::regrole::text, 'pg_') AND NOT starts_with(m.member::regrole::text, 'pg_')")" 0
succeeds 'a role of our own' sql 'GRANT privileges_test TO admin'
succeeds 'it is revoked' sql 'REVOKE privileges_test FROM admin'
for table in job_list iam_role_mappings; do
    fails "to write sys.$table" sql "DELETE FROM sys.$table"
    says "42501: permission denied for table $table"
done
fails 'a table in sys' sql 'CREATE TABLE sys.t (id int)'
fails 'a right in sys' sql 'GRANT INSERT ON sys.job_list TO admin'

fails 'a program' sql "COPY (SELECT 1) TO PROGRAM 'true'"
fails 'to write a file' sql "COPY (SELECT 1) TO '/dev/null'"
fails 'to read a file' sql "SELECT pg_read_file('PG_VERSION')"
fails 'a superuser' sql 'CREATE ROLE privileges_test2 SUPERUSER'
fails 'to alter the owner' sql 'ALTER ROLE dsql_owner NOLOGIN'
fails 'the session of the owner' sql 'SET SESSION AUTHORIZATION dsql_owner'
fails 'our settings' sql 'SET dsql_local.strict = off'
fails 'our tables' sql 'SELECT * FROM sys.job_list'

# Role mappings.
arn=arn:aws:iam::123456789012:role/somebody
mappings() { sql "SELECT pg_role_name, arn, grantor_pg_role_name FROM sys.iam_pg_role_mappings"; }
fails 'a role that cannot log in' sql "AWS IAM GRANT privileges_test TO '$arn'"
says 'role privileges_test must have the LOGIN attribute'
succeeds 'a role that can' sql 'CREATE ROLE mapped_test WITH LOGIN'
fails 'no ARN' sql "AWS IAM GRANT mapped_test TO 'somebody'"
says 'IAM role must look like an IAM ARN'
fails 'no role' sql "AWS IAM GRANT nobody_at_all TO '$arn'"
says 'role "nobody_at_all" does not exist'
fails 'the admin' sql "AWS IAM GRANT admin TO '$arn'"
says 'Cannot establish trust with role admin'
# A name that nobody could log in with, or that PostgreSQL would cut to another role's.
long=$(printf 'r%.0s' 1 2 3 4 5 6 7 8 9 10)
long=$long$long$long$long$long$long
succeeds 'a role of 63 bytes' sql "CREATE ROLE ${long}_63 WITH LOGIN"
succeeds 'its mapping' sql "AWS IAM GRANT ${long}_63 TO '$arn'"
succeeds 'the same in quotes' sql "AWS IAM GRANT \"${long}_63\" TO '$arn'"
succeeds 'the end of it' sql "AWS IAM REVOKE ${long}_63 FROM '$arn'"
for name in "${long}_634" "\"${long}_634\"" "\"${long}_63\"\"\"" "${long}_63ä"; do
    fails "the name $name" sql "AWS IAM GRANT $name TO '$arn'"
    says "42622: role name \"${long}_63...\" is too long"
done
fails 'a name of 64 bytes' "$DSQL" local iam grant --dir "$CLUSTER_DIR" "${long}_634"
says "the role name \"${long}_634\" is too long: at most 63 bytes"
equals 'no mapping' "$(mappings)" ''
succeeds 'a role of the gateway' sql 'CREATE ROLE dsql_app WITH LOGIN'
fails 'its mapping' sql "AWS IAM GRANT dsql_app TO '$arn'"
says '42501: Cannot establish trust with role dsql_app'
for name in dsql_app2 pg_app; do
    fails "the name $name" "$DSQL" local iam grant --dir "$CLUSTER_DIR" "$name"
    says "no client can log in as \"$name\": role names that begin with"
done
equals 'they were not created' "$(sql "SELECT count(*) FROM pg_roles WHERE rolname IN ('dsql_app2', 'pg_app')")" 0
succeeds 'a mapping' sql "AWS IAM GRANT mapped_test TO '$arn'"
equals 'the mapping' "$(mappings)" "mapped_test|$arn|admin"
fails 'revoke what is not there' sql "AWS IAM REVOKE mapped_test FROM '$arn-else'"
says "IAM role $arn-else does not exist"
succeeds 'the end of a mapping' sql "aws iam revoke \"mapped_test\" from '$arn'"
fails 'half a statement' sql 'AWS IAM GRANT mapped_test'
says 'syntax error'

succeeds 'a login role' "$DSQL" local iam grant --dir "$CLUSTER_DIR" mapped_test
PGPASSWORD=$("$DSQL" token --user mapped_test "$CLUSTER_ENDPOINT")
export PGPASSWORD
fails 'a grant by somebody else' psql -X -c "AWS IAM GRANT mapped_test TO '$arn'" \
    "host=$CLUSTER_ENDPOINT user=mapped_test dbname=postgres sslmode=verify-full"
says 'permission denied to grant IAM trust with role mapped_test'
unset PGPASSWORD
succeeds 'it can be dropped' sql 'DROP ROLE privileges_test'

finish_checks
