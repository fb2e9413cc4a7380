#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What is rolled back to a savepoint is as if it had never been, and what came before it
# stays, however many rows were written before and after: the log of a transaction is
# searched in one way while it is short and in another when it is long.
# usage: savepoints.sh        (inside extension/test/with_server)
set -eu
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"
export PGOPTIONS='-c dsql_local.strict=off'

sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# try BEFORE AFTER: rows written before the savepoint, and after it.
try() {
    sql <<SQL
TRUNCATE t;
INSERT INTO t SELECT g, 0 FROM generate_series(1, 40) g;
BEGIN;
UPDATE t SET v = v + 1 WHERE id <= $1;
SAVEPOINT first;
UPDATE t SET v = v + 100 WHERE id <= $2;
DELETE FROM t WHERE id > 40 - $2;
ROLLBACK TO first;
UPDATE t SET v = v + 1 WHERE id <= $1;
SAVEPOINT second;
UPDATE t SET v = v + 1 WHERE id > 30;
RELEASE second;
SELECT count(*), sum(v) FROM t;
COMMIT;
SQL
}

sql -c 'CREATE TABLE t (id int PRIMARY KEY, v int)'
for before in 0 1 3 4 5 8 9 25; do
    for after in 1 2 4 5 30; do
        expected="40|$((2 * before + 10))"
        equals "$before rows before, $after after" "$(try $before $after)" "$expected"
        equals "the same when it has committed" "$(sql -c 'SELECT count(*), sum(v) FROM t')" "$expected"
    done
done
finish_checks
