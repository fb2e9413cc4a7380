#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Drivers log in with what dsql exec puts into their environment, and with a URL.  The caller's own
# PG* variables, meant for another server, do no harm.  A driver that is not installed is left out.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
clients=$(cd "$(dirname "$0")/clients" && pwd)
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() { printf 'left out: %s\n' "$1"; }

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

if command -v go >/dev/null && [ -d /usr/share/gocode/src/github.com/lib/pq ]; then
    # As Debian installs Go packages: no modules, no network.
    if GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE="$work/go" go build -o "$work/lib_pq" "$clients/lib_pq.go"; then
        logs_in lib/pq "$work/lib_pq"
        logs_in_by_url lib/pq "$work/lib_pq"
    else
        fail_check 'lib/pq does not build'
    fi
else
    skip 'lib/pq (Debian: golang-go and golang-github-lib-pq-dev)'
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
