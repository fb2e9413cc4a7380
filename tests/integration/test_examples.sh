#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Both examples, as admin and as another user, and what they say when misused.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

preferred=$BUILD/examples/example_preferred
manual=$BUILD/examples/manual_token

expected_preferred() {
    echo 'Connected to Aurora DSQL'
    echo 'Transactional write completed'
    for i in 0 1 2 3 4 5 6 7; do echo "Worker $i result: $i"; done
    echo 'Connection pool with concurrent connections exercised successfully'
}

# Workers end in any order: compare sorted.
sorted() { printf '%s\n' "$1" | LC_ALL=C sort; }

succeeds 'preferred example as admin' "$preferred"
equals 'its output' "$(sorted "$output")" "$(sorted "$(expected_preferred)")"
succeeds 'preferred example, second time' "$preferred"
succeeds 'manual token as admin' "$manual"
says 'Libpq test passed'

succeeds 'rows written' "$DSQL" psql -- -Atc 'SELECT count(*) FROM public.example_items'
equals 'one row a run' "$output" 2
succeeds 'manual example cleaned up' "$DSQL" psql -- -Atc 'SELECT count(*) FROM public.owner'
equals 'no row left' "$output" 0

fails 'a user nobody mapped' env CLUSTER_USER=app "$preferred"
says 'access denied'

succeeds 'iam grant' "$DSQL" local iam grant app --dir "$CLUSTER_DIR"
succeeds 'schema for it' "$DSQL" psql -- -c 'CREATE SCHEMA myschema' \
    -c 'GRANT USAGE, CREATE ON SCHEMA myschema TO app'
succeeds 'preferred example as app' env CLUSTER_USER=app "$preferred"
says 'exercised successfully'
succeeds 'manual token as app' env CLUSTER_USER=app "$manual"
says 'Libpq test passed'
succeeds 'written to myschema' env CLUSTER_USER=app "$DSQL" psql -- -Atc 'SELECT count(*) FROM myschema.example_items'
equals 'by app' "$output" 1

if [ -x "$BUILD/examples/event_loop" ]; then
    succeeds 'many queries in an event loop' "$BUILD/examples/event_loop" 200
    says '200 queries on one thread, 4 connections'
    equals 'one result each' "$(printf '%s\n' "$output" | grep -c '^query [0-9]*: [0-9]*$')" 200
    says 'query 199: 398'
    fails 'too many of them' "$BUILD/examples/event_loop" 1001
    says 'usage: event_loop'
fi

for variable in CLUSTER_ENDPOINT REGION CLUSTER_USER; do
    fails "manual token without $variable" env -u "$variable" "$manual"
    says "$variable"
done
fails 'preferred example without CLUSTER_ENDPOINT' env -u CLUSTER_ENDPOINT "$preferred"
says 'CLUSTER_ENDPOINT environment variable is not set'
fails 'the wrong CA' env PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt "$preferred"
says 'certificate verify failed'

finish_checks
