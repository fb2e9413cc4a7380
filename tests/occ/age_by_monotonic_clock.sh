#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The age of a transaction does not depend on the wall clock, which wall_clock.c sets.
# usage: age_by_monotonic_clock.sh        (inside extension/test/with_server, with WALL_CLOCK=wall_clock)
set -eu
unset LD_PRELOAD
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"

# The clock goes to $1 in a transaction that lasts $2 seconds.
transaction() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=verbose <<SQL
SET dsql_local.max_transaction_age = '${3:-300}';
SELECT extract(epoch FROM clock_timestamp())::bigint AS before \gset
BEGIN;
INSERT INTO t VALUES (nextval('numbers'));
\! echo $1 >"$PGDATA/wall_clock"
\! sleep $2
SELECT extract(epoch FROM clock_timestamp())::bigint - :before;
INSERT INTO t VALUES (nextval('numbers'));
COMMIT;
SQL
}

echo 0 >"$PGDATA/wall_clock"
psql -X -q -c 'CREATE TABLE t (id bigint PRIMARY KEY)'
psql -X -q -c 'CREATE SEQUENCE numbers CACHE 1'
succeeds 'an hour is skipped' transaction 3600 0
checks=$((checks + 1))
[ "$output" -ge 3600 ] || fail_check 'the clock was not set' "$output"
fails 'two seconds, while the clock goes back an hour' transaction 0 2 1
says '54000: transaction age limit of 1s exceeded'
equals 'rows' "$(psql -X -A -t -c 'SELECT count(*) FROM t')" 2
finish_checks
