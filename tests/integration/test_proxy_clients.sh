#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Drivers that know nothing of Aurora DSQL, through the proxy in both modes: transactions, prepared
# statements, an error and its end.  A driver that is not installed is left out, or fails the test
# with DSQL_TEST_ALL_CLIENTS=1.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
. "$(dirname "$0")/proxy.sh"
clients=$(cd "$(dirname "$0")/clients" && pwd)
python=${PYTHON:-/usr/bin/python3}

succeeds 'a table' "$DSQL" psql -- -qc 'CREATE TABLE notes (id int PRIMARY KEY, body text)'
forget_cluster

skip() {
    printf 'left out: %s\n' "$1"
    [ -z "${DSQL_TEST_ALL_CLIENTS:-}" ] || fail_check "not installed: $1"
}

# ---- What is there: each line of "$scratch/drivers" is a name and a command ----
: >"$scratch/drivers"
driver() { printf '%s\n' "$*" >>"$scratch/drivers"; }

for module in psycopg2 psycopg; do
    if "$python" -c "import $module" 2>/dev/null; then
        driver "$module" "$python" "$clients/proxy/psycopg_session.py" "$module"
    else
        skip "$module (Debian: python3-$module)"
    fi
done
if "$python" -c 'import asyncpg' 2>/dev/null; then
    driver asyncpg "$python" "$clients/proxy/asyncpg_session.py"
else
    skip 'asyncpg (Debian: python3-asyncpg)'
fi
if "$python" -c 'import pg8000' 2>/dev/null; then
    driver pg8000 "$python" "$clients/proxy/pg8000_session.py"
else
    skip 'pg8000 (Debian: python3-pg8000)'
fi
if ruby -e 'require "pg"' 2>/dev/null; then
    driver ruby-pg ruby "$clients/proxy/ruby_pg_session.rb"
else
    skip 'ruby-pg (Debian: ruby-pg)'
fi
if ruby -e 'require "sequel"; require "pg"' 2>/dev/null; then
    driver Sequel ruby "$clients/proxy/sequel_session.rb"
else
    skip 'Sequel (Debian: ruby-sequel and ruby-pg)'
fi
modules=$BUILD/clients/node_modules
if [ ! -d "$modules/pg" ] && command -v npm >/dev/null; then
    mkdir -p "$BUILD/clients"
    cp "$clients/package.json" "$BUILD/clients"
    (cd "$BUILD/clients" && timeout 60 npm install --no-audit --no-fund >"$scratch/npm" 2>&1) || :
fi
if command -v node >/dev/null && [ -d "$modules/pg" ]; then
    NODE_PATH=$modules
    export NODE_PATH
    driver node-postgres node "$clients/proxy/pg_session.js"
else
    skip 'node-postgres (node, and npm install in the directory clients of the build)'
fi
# As Debian installs Go packages: no modules, no network.
go_driver() {
    if command -v go >/dev/null && [ -d "/usr/share/gocode/src/github.com/$2" ]; then
        succeeds "$1 builds" env GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE="$BUILD/clients/go" \
            go build -o "$scratch/$3" "$clients/proxy/$3.go"
        driver "$1" "$scratch/$3"
    else
        skip "$1 (Debian: golang-go and golang-github-$4-dev)"
    fi
}
go_driver pgx jackc/pgx/v4 pgx_session jackc-pgx-v4
go_driver lib/pq lib/pq pq_session lib-pq
jdbc=/usr/share/java/postgresql.jar
if command -v javac >/dev/null && [ -e $jdbc ]; then
    succeeds 'JDBC compiles' javac -d "$scratch" "$clients/proxy/JdbcSession.java"
    driver JDBC java -cp "$jdbc:$scratch" JdbcSession
else
    skip 'JDBC (Debian: default-jdk-headless and libpostgresql-jdbc-java)'
fi

# ---- Each of them, in both modes.  Of the URL and the variables each takes what it knows ----
for mode in session transaction; do
    "$DSQL" proxy "$cluster&max_servers=6" --pool-mode $mode >/dev/null 2>"$scratch/log" &
    proxy=$!
    succeeds "proxy in $mode mode" "$DSQL" proxy wait --timeout 30
    variables=$("$DSQL" proxy env --tcp)
    eval "$variables"
    DATABASE_URL="$("$DSQL" proxy env --tcp --output url)?sslmode=disable"
    export DATABASE_URL
    base=0
    while read -r name command; do
        base=$((base + 10))
        # shellcheck disable=SC2086 # a command and its arguments
        succeeds "$name in $mode mode" $command $base </dev/null
        equals "$name in $mode mode: its rows" "$output" 'admin 5'
    done <"$scratch/drivers"
    printf 'in %s mode: %s\n' "$mode" "$(cut -d ' ' -f 1 "$scratch/drivers" | tr '\n' ' ')"
    if command -v pgbench >/dev/null; then
        printf '\\set id random(10, 14)\nSELECT body FROM notes WHERE id = :id;\n' >"$scratch/script"
        for protocol in simple extended prepared; do
            succeeds "pgbench, $protocol, in $mode mode" pgbench -n -f "$scratch/script" -c 4 -t 25 -M $protocol
            says '100/100'
        done
    else
        skip 'pgbench (Debian: postgresql-client and postgresql-contrib)'
    fi
    kill -TERM "$proxy"
    wait "$proxy" || true
    proxy=""
done
finish_checks
