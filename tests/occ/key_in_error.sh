#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The error of the loser names the key of the row, but only to a user who may read it: who may
# read the table or these columns, and from whom no policy hides rows.
# usage: key_in_error.sh        (inside extension/test/with_server)
set -eu
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"
admin='-c dsql_local.strict=off'

as_admin() {
    PGOPTIONS=$admin psql -X -q -v ON_ERROR_STOP=1 "$@"
}

# detail ROLE: what it reads when another transaction has updated the row first.
detail() {
    psql -X -q -U "$1" 2>&1 <<SQL | sed -n 's/^DETAIL:  \(.*\) in "T x": transaction .*/\1/p'
BEGIN;
UPDATE "T x" SET n = n + 1 WHERE "A b" = 1;
\! PGOPTIONS='$admin' psql -X -q -U $PGUSER -c 'UPDATE "T x" SET n = n + 1'
COMMIT;
SQL
}

as_admin <<SQL
CREATE ROLE reader LOGIN;
CREATE ROLE reader_of_columns LOGIN;
CREATE ROLE reader_of_one_column LOGIN;
CREATE TABLE "T x" ("A b" int, b text, c numeric, n int, PRIMARY KEY ("A b", b, c));
INSERT INTO "T x" VALUES (1, 'x,''y', 1.50, 0);
GRANT UPDATE ON "T x" TO reader, reader_of_columns, reader_of_one_column;
GRANT SELECT ON "T x" TO reader;
GRANT SELECT ("A b", b, c, n) ON "T x" TO reader_of_columns;
GRANT SELECT ("A b", n) ON "T x" TO reader_of_one_column;
SQL
key="(\"A b\", b, c)=(1, x,'y, 1.50)"
equals 'the owner' "$(detail "$PGUSER")" "$key"
equals 'who may read the table' "$(detail reader)" "$key"
equals 'who may read the columns of the key' "$(detail reader_of_columns)" "$key"
equals 'who may read one of them' "$(detail reader_of_one_column)" 'A row'

as_admin -c 'ALTER TABLE "T x" ENABLE ROW LEVEL SECURITY' -c 'CREATE POLICY p ON "T x" USING (true)'
equals 'the owner, with policies' "$(detail "$PGUSER")" "$key"
equals 'who may read the table, with policies' "$(detail reader)" 'A row'
finish_checks
