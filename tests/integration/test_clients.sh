#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Drivers log in with what dsql exec puts into their environment, and with a URL.  The caller's own
# PG* variables, meant for another server, do no harm.  A driver that is not installed is left out,
# or fails the test with DSQL_TEST_ALL_CLIENTS=1.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
clients=$(cd "$(dirname "$0")/clients" && pwd)
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
    printf 'left out: %s\n' "$1"
    [ -z "${DSQL_TEST_ALL_CLIENTS:-}" ] || fail_check "not installed: $1"
}

# Another server's settings: each of these would break the login.
for_another_server() {
    env PGSSLCERT=/no/such.crt PGSSLKEY=/no/such.key PGSSLCRL=/no/such.crl PGSSLROOTCERT="$PGSSLROOTCERT" \
        PGTARGETSESSIONATTRS=standby PGCHANNELBINDING=require PGGSSENCMODE=require PGSSLSNI=0 \
        PGOPTIONS='-c statement_timeout=1' PGREQUIREPEER=nobody PGSERVICE=elsewhere "$@"
}

# logs_in NAME COMMAND...: with PG* variables.
logs_in() {
    name=$1
    shift
    printf 'runs: %s\n' "$name"
    succeeds "$name" for_another_server "$DSQL" exec -- env -u DATABASE_URL "$@"
    equals "$name: the role" "$output" admin
}

# logs_in_by_url NAME COMMAND...: with DATABASE_URL alone, and without a variable of the login.
logs_in_by_url() {
    name=$1
    shift
    succeeds "$name by URL" "$DSQL" exec --expires-in 60 --url-env DATABASE_URL -- \
        env -u PGHOST -u PGPASSWORD -u PGUSER -u PGSSLMODE -u PGSSLROOTCERT -u PGDATABASE "$@"
    equals "$name by URL: the role" "$output" admin
}

logs_in psql psql -X -Atc 'SELECT current_user'
# shellcheck disable=SC2016 # the inner shell expands it; psql takes a URL as an argument only
logs_in_by_url psql sh -c 'psql -X -At -c "SELECT current_user" "$DATABASE_URL"'

for driver in psycopg2 psycopg; do
    if "$python" -c "import $driver" 2>/dev/null; then
        logs_in "$driver" "$python" "$clients/psycopg_client.py" "$driver"
        logs_in_by_url "$driver" "$python" "$clients/psycopg_client.py" "$driver"
    else
        skip "$driver (Debian: python3-$driver)"
    fi
done

if "$python" -c 'import asyncpg' 2>/dev/null; then
    logs_in asyncpg "$python" "$clients/asyncpg_client.py"
    logs_in_by_url asyncpg "$python" "$clients/asyncpg_client.py"
else
    skip 'asyncpg (Debian: python3-asyncpg)'
fi

modules=$BUILD/clients/node_modules
if [ ! -d "$modules/postgres" ] && command -v npm >/dev/null; then
    mkdir -p "$BUILD/clients"
    cp "$clients/package.json" "$BUILD/clients"
    (cd "$BUILD/clients" && timeout 60 npm install --no-audit --no-fund >"$work/npm" 2>&1) || :
fi
if command -v node >/dev/null && [ -d "$modules/pg" ] && [ -d "$modules/postgres" ]; then
    NODE_PATH=$modules
    export NODE_PATH
    logs_in pg node -r "$clients/loopback.js" "$clients/pg.js"
    logs_in_by_url pg node -r "$clients/loopback.js" "$clients/pg.js"
    logs_in postgres.js node -r "$clients/loopback.js" "$clients/postgres.js"
else
    skip 'pg and postgres.js (node, and npm install in the directory clients of the build)'
fi

# go_client NAME PACKAGE SOURCE DEBIAN: as Debian installs Go packages: no modules, no network.
go_client() {
    if ! command -v go >/dev/null || [ ! -d "/usr/share/gocode/src/$2" ]; then
        skip "$1 (Debian: golang-go and $4)"
    elif GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE="$BUILD/clients/go" go build -o "$work/go_client" "$clients/$3"; then
        logs_in "$1" "$work/go_client"
        logs_in_by_url "$1" "$work/go_client"
    else
        fail_check "$1 does not build"
    fi
}
go_client lib/pq github.com/lib/pq lib_pq.go golang-github-lib-pq-dev
go_client pgx github.com/jackc/pgx/v4 pgx.go golang-github-jackc-pgx-v4-dev

# pgjdbc reads no variables; the program does.
"$DSQL" local env --dir "$CLUSTER_DIR" --hosts >"$work/hosts"
jdbc=/usr/share/java/postgresql.jar
if command -v javac >/dev/null && [ -e $jdbc ]; then
    logs_in JDBC java -cp $jdbc -Djdk.net.hosts.file="$work/hosts" "$clients/Jdbc.java"
else
    skip 'JDBC (Debian: default-jdk-headless and libpostgresql-jdbc-java)'
fi

# pgloader 3.6 sends no server name, which the service needs.  Only root can give it a hosts file.
if command -v pgloader >/dev/null && unshare -m true 2>/dev/null; then
    printf 'runs: pgloader\n'
    printf '1,one\n2,two\n' >"$work/items.csv"
    cat /etc/hosts "$work/hosts" >"$work/etc_hosts"
    succeeds 'a table for pgloader' "$DSQL" psql -- -c 'CREATE TABLE loaded (id int PRIMARY KEY, name text)'
    # shellcheck disable=SC2016 # the inner shell expands it
    output=$("$DSQL" exec -- unshare -m sh -c 'mount --bind "$1" /etc/hosts
        SSL_CERT_FILE=$PGSSLROOTCERT exec pgloader --root-dir "$3" --type csv --field id,name \
            --with "fields terminated by '"','"'" "$2" \
            "postgresql://$PGUSER@$PGHOST:$PGPORT/postgres?sslmode=require&loaded"' sh \
        "$work/etc_hosts" "$work/items.csv" "$work/pgloader" 2>&1) || :
    loaded=$("$DSQL" psql -- -Atc 'SELECT count(*) FROM loaded')
    checks=$((checks + 1))
    case $loaded:$output in
    2:*) ;;
    0:*'sni was not received'*) ;;
    *) fail_check 'pgloader' "$output" ;;
    esac
else
    skip 'pgloader (Debian: pgloader; as root)'
fi

# A token in a URL is percent-encoded, and its parts are those of the login.
succeeds 'a URL' "$DSQL" token --output url
case $output in
"postgresql://admin:$CLUSTER_ENDPOINT%2F%3F"*"@$CLUSTER_ENDPOINT:$PGPORT/postgres?sslmode=verify-full&sslrootcert="*) ;;
*) fail_check 'a URL' "$output" ;;
esac
succeeds 'a URL that lasts a minute' "$DSQL" token --output url --expires-in 61
says 'X-Amz-Expires%3D61'
fails 'an unknown format' "$DSQL" token --output yaml
equals 'status' "$status" 2
says 'text, json or url'
fails 'a name that no variable has' "$DSQL" exec --url-env A=B -- true
equals 'status' "$status" 2
# shellcheck disable=SC2016 # the inner shell expands it
succeeds 'a short life' "$DSQL" exec --expires-in 62 -- sh -c 'echo "$PGPASSWORD"'
says 'X-Amz-Expires=62'
fails 'no life' "$DSQL" exec --expires-in 0 -- true
equals 'status' "$status" 2
# shellcheck disable=SC2016
succeeds 'the URL is not in argv' "$DSQL" exec --url-env DATABASE_URL -- sh -c 'tr "\0" " " </proc/$$/cmdline'
case $output in *X-Amz*) fail_check 'a token in argv' ;; esac

# A cluster with an address of its own, which is kept, and found by what env prints.
second=$work/cluster
address=127.77.$(($$ / 250 % 250)).$(($$ % 250 + 1))
chmod 0711 "$work"
stop_second() {
    "$DSQL" local stop --dir "$second" >/dev/null 2>&1 || :
    rm -rf "$work"
}
trap stop_second EXIT
fails 'an address of another machine' "$DSQL" local start --dir "$second" --listen 192.0.2.1
equals 'status' "$status" 2
says '--listen must be an address from 127.0.0.1'
succeeds 'a start with an address' "$DSQL" local start --dir "$second" --listen $address
says '(port 5432)'
succeeds 'its line for /etc/hosts' "$DSQL" local env --dir "$second" --hosts
says "$address "
succeeds 'a stop' "$DSQL" local stop --dir "$second"
succeeds 'a start without one' "$DSQL" local start --dir "$second"
succeeds 'its environment' "$DSQL" local env --dir "$second"
says "export PGHOSTADDR='$address'"
says "export NODE_EXTRA_CA_CERTS='$second/ca.pem'"
# shellcheck disable=SC2016 # the inner shell expands it
succeeds 'a login there' sh -c 'eval "$("$DSQL" local env --dir "$1")" && exec "$DSQL" psql -- -Atc "SELECT current_user"' sh "$second"
equals 'the role there' "$output" admin
succeeds 'its environment as JSON' "$DSQL" local env --dir "$second" --output json
says "\"PGHOSTADDR\": \"$address\""
says '"AWS_PROFILE": null'
succeeds 'a mapping' "$DSQL" local iam grant --dir "$second" app
succeeds 'mappings as JSON' "$DSQL" local iam list --dir "$second" --output json
says '{"role": "app", "arn": "arn:aws:'

finish_checks
