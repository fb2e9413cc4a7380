#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Logins: valid tokens, tampered and expired ones, and connections without proper TLS.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

# login TOKEN [USER [CONNINFO]]
login() {
    PGPASSWORD=$1 psql -X -At -c 'SELECT current_user' \
        "host=$CLUSTER_ENDPOINT user=${2:-admin} dbname=postgres sslmode=verify-full ${3:-}"
}

# refused WHAT HINT TOKEN [USER]
refused() {
    fails "$1" login "$3" "${4:-admin}"
    says 'unable to accept connection, access denied'
    says "$2"
}

token=$("$DSQL" token "$CLUSTER_ENDPOINT")
plain=$("$DSQL" token --user app "$CLUSTER_ENDPOINT")
edit() { printf '%s' "$token" | sed "$1"; }

succeeds 'a valid token' login "$token"
equals 'the role' "$output" admin
succeeds 'the same token again' login "$token"

refused 'admin with DbConnect' 'Wrong user to action mapping. user: admin, action: DbConnect' "$plain"
refused 'app with DbConnectAdmin' \
    'Wrong user to action mapping. user: app, action: DbConnectAdmin' "$token" app
refused 'an unmapped user' 'not authorized' "$plain" app
refused 'the owner of the database underneath' 'HINT' "$plain" dsql_owner
refused 'another host' 'HINT' "$(edit 's/^[a-z0-9]*/aaaaaaaaaaaaaaaaaaaaaaaaaa/')"
refused 'another region' 'HINT' "$(edit 's/us-east-1%2Fdsql/us-west-2%2Fdsql/')"
refused 'another service' 'HINT' "$(edit 's/%2Fdsql%2F/%2Fs3%2F/')"
refused 'another action' 'HINT' "$(edit 's/DbConnectAdmin/DbConnectX/')"
refused 'a longer life' 'HINT' "$(edit 's/X-Amz-Expires=900/X-Amz-Expires=901/')"
refused 'another date' 'HINT' "$(edit 's/X-Amz-Date=2/X-Amz-Date=1/')"
refused 'another key' 'HINT' "$(edit 's/X-Amz-Credential=AKIA/X-Amz-Credential=AKIB/')"
refused 'a truncated token' 'HINT' "$(printf '%.200s' "$token")"
refused 'no URL at all' 'HINT' 'swordfish'
last=$(printf '%s' "$token" | tail -c 1)
if [ "$last" = 0 ]; then other=1; else other=0; fi
refused 'one digit of the signature' 'HINT' "$(edit "s/.\$/$other/")"
refused 'an old token' 'Signature expired' \
    "$(AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID "$DSQL" token --expires-in 1 "$CLUSTER_ENDPOINT" && sleep 2)"

fails 'plaintext' login "$token" admin 'sslmode=disable'
says 'TLS'
fails 'another database' env PGPASSWORD="$token" psql -X -c 'SELECT 1' \
    "host=$CLUSTER_ENDPOINT user=admin dbname=other sslmode=verify-full"
says 'does not exist'
fails 'a parameter outside the list' env PGOPTIONS='-c statement_timeout=1' PGPASSWORD="$token" \
    psql -X -c 'SELECT 1' "host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full"
says 'setting configuration parameter "statement_timeout" not supported'
succeeds 'localhost is in the certificate' env PGPASSWORD="$token" psql -X -Atc 'SHOW server_version' \
    "host=localhost user=admin dbname=postgres sslmode=verify-full"

succeeds 'what a pool sends to reset a session' env PGPASSWORD="$token" psql -X -At \
    -c 'RESET ALL; DEALLOCATE ALL' "host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full"

finish_checks
