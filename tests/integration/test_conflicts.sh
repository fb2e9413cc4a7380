#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Conflicts, through the gateway: the second to commit fails, the view says which row
# it was about, and conflicts can be injected.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"

# Another session's statement, for \! in a script.
other="PGPASSWORD=\$('$DSQL' token '$CLUSTER_ENDPOINT') psql -X -At -q 'host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full' -c"
counter() { sql "SELECT count FROM sys.conflict_counters WHERE what = '$1'"; }

succeeds 'a table' sql 'CREATE TABLE accounts (id int PRIMARY KEY, balance int)'
succeeds 'rows' sql 'INSERT INTO accounts SELECT i, 100 FROM generate_series(1, 10) i'

succeeds 'two writers of a row' script <<SQL
\set QUIET off
BEGIN;
UPDATE accounts SET balance = balance - 1 WHERE id = 7;
\! $other 'UPDATE accounts SET balance = 50 WHERE id = 7'
SELECT 'mine: ' || balance FROM accounts WHERE id = 7;
COMMIT;
SELECT 'then: ' || balance FROM accounts WHERE id = 7;
SQL
says 'UPDATE 1'
says 'mine: 99'
says '40001: change conflicts with another transaction (OC000)'
says 'then: 50'
equals 'the view' "$(sql 'SELECT table_name, key, kind, code, loser IS NOT NULL, winner IS NOT NULL FROM sys.conflicts')" \
    'accounts|(id)=(7)|write|OC000|t|t'
equals 'when' "$(sql "SELECT at BETWEEN now() - interval '1 minute' AND now() FROM sys.conflicts")" t
equals 'the counter' "$(counter write)" 1

# Of a key that two have inserted, every one is told: which it was stands among them.
succeeds 'a table with two keys' sql 'CREATE TABLE people (id int PRIMARY KEY, name text UNIQUE)'
succeeds 'two rows with one name' script <<SQL
BEGIN;
INSERT INTO people VALUES (1, 'Zoë');
\! $other "INSERT INTO people VALUES (2, 'Zoë')"
COMMIT;
SQL
says '(name)=(Zoë) in "people"'
long="repeat('é', 300)"
succeeds 'two rows with one long name' script <<SQL
BEGIN;
INSERT INTO people VALUES (1, $long);
\! $other "INSERT INTO people VALUES (22, $long)"
COMMIT;
SQL
says '40001'
equals 'a key is not cut inside of a character' \
    "$(sql "SELECT convert_from(convert_to(key, 'UTF8'), 'UTF8') LIKE '%(name)=(éé%éé' FROM sys.conflicts ORDER BY at DESC LIMIT 1")" t

succeeds 'a role' "$DSQL" local iam grant --dir "$CLUSTER_DIR" app
app() {
    PGPASSWORD=$("$DSQL" token --user app "$CLUSTER_ENDPOINT") psql -X -At -q -c "$1" \
        "host=$CLUSTER_ENDPOINT user=app dbname=postgres sslmode=verify-full"
}
succeeds 'conflicts of others' app 'SELECT count(*) FROM sys.conflicts'
equals 'are not shown' "$output" 0
succeeds 'the right to read' sql 'GRANT SELECT ON accounts TO app'
succeeds 'conflicts of a table it may read' app 'SELECT key FROM sys.conflicts'
equals 'are' "$output" '(id)=(7)'
fails 'to inject' app 'SELECT sys.inject_conflicts(1)'
says 'permission denied to inject conflicts'

fails 'a share over 1' sql 'SELECT sys.inject_conflicts(1.5)'
says '22023'
fails 'a share that is no number' sql "SELECT sys.inject_conflicts('NaN')"
says '22023'
fails 'a role that is not there' sql "SELECT sys.inject_conflicts(1, role => 'nobody')"
says '42704'
succeeds 'every commit of the cluster' sql 'SELECT sys.inject_conflicts(1)'
fails 'a write' sql 'UPDATE accounts SET balance = 0'
says '40001: change conflicts with another transaction (OC000)'
succeeds 'a read' sql 'SELECT 1 FROM accounts'
succeeds 'but not of this table' sql "SELECT sys.inject_conflicts(0, relation => 'accounts')"
succeeds 'a write' sql 'UPDATE accounts SET balance = 1'
succeeds 'none of the cluster' sql 'SELECT sys.inject_conflicts(NULL)'
succeeds 'all of the table' sql "SELECT sys.inject_conflicts(1, relation => 'accounts')"
fails 'a write' sql 'UPDATE accounts SET balance = 0'
succeeds 'not of the role' sql "SELECT sys.inject_conflicts(0, role => 'admin', relation => 'accounts')"
succeeds 'a write' sql 'UPDATE accounts SET balance = 2'
equals 'rules' "$(sql 'SELECT * FROM sys.injected_conflicts ORDER BY share')" 'admin|accounts|0
|accounts|1'
equals 'injected ones' "$(counter injected)" 2
equals 'in the view' "$(sql "SELECT count(*) FROM sys.conflicts WHERE kind = 'injected'")" 2
succeeds 'an end' sql "SELECT sys.inject_conflicts(NULL, relation => 'accounts'), sys.inject_conflicts(NULL, role => 'admin', relation => 'accounts')"

# pattern SEED: which of ten commits fail.
pattern() {
    sql "SELECT sys.inject_conflicts(0.5, seed => $1)" >/dev/null
    script <<'SQL' | sed -n 's/.*(OC000).*/x/p; s/^ok$/./p' | tr -d '\n'
\o /dev/null
\echo
\set write 'UPDATE accounts SET balance = 3 WHERE id = 1 RETURNING \'ok\';'
\o
:write :write :write :write :write :write :write :write :write :write
SQL
}
first=$(pattern 42)
equals 'ten commits' "${#first}" 10
case $first in
*x*.* | *.*x*) ;;
*) fail_check "half of them fail: $first" ;;
esac
equals 'the same seed' "$(pattern 42)" "$first"
[ "$(pattern 43)" != "$first" ] || [ "$(pattern 44)" != "$first" ] || fail_check 'another seed'
succeeds 'an end' sql 'SELECT sys.inject_conflicts(NULL)'

# Nothing overlaps, and yet the next transaction fails once: the session knew the old definition.
succeeds 'a session that has become stale' script <<SQL
SELECT 'first: ' || balance FROM accounts WHERE id = 1;
\! $other 'ALTER TABLE accounts ADD COLUMN note text'
SELECT 'second: ' || balance FROM accounts WHERE id = 1;
SELECT 'third: ' || balance FROM accounts WHERE id = 1;
SQL
says 'first: 3'
says '40001: schema has been updated by another transaction (OC001)'
equals 'rows of the stale one' "$(printf '%s\n' "$output" | grep -c second)" 0
says 'third: 3'
equals 'what the view says of it' "$(sql "SELECT table_name, code, winner IS NOT NULL FROM sys.conflicts
    WHERE kind = 'schema' ORDER BY at DESC LIMIT 1")" 'accounts|OC001|t'

succeeds 'a pool that has become stale' "$BUILD/tests/integration/stale_pool/stale_pool"
equals 'runs of its transactions' "$output" 'callback: 1
callback: 2
loop: 2
exec: ok'
succeeds 'threads that retry' "$BUILD/tests/integration/contended_counter/contended_counter" 64 2
says 'value 128'
succeeds 'injected conflicts' sql 'SELECT sys.inject_conflicts(0.2, seed => 1)'
succeeds 'threads that retry' "$BUILD/tests/integration/contended_counter/contended_counter" 8 10
says 'value 80'
[ "$(counter injected)" -gt 10 ] || fail_check 'no conflict was injected'

succeeds stop "$DSQL" local stop --dir "$CLUSTER_DIR"
fails 'a share over 1' "$DSQL" local start --dir "$CLUSTER_DIR" --inject-conflicts 1.01
says 'a number from 0 to 1'
succeeds 'start' "$DSQL" local start --dir "$CLUSTER_DIR" --port "$PGPORT" --inject-conflicts 1 --inject-seed 5
fails 'a write' sql 'UPDATE accounts SET balance = 0'
says '(OC000)'
succeeds 'an end' sql 'SELECT sys.inject_conflicts(0)'
succeeds 'a write' sql 'UPDATE accounts SET balance = 0'

# A session learns that the server shuts down.
output=$(script <<SQL || true
\! kill -9 $(head -n 1 "$CLUSTER_DIR/data/postmaster.pid"); sleep 0.3
SELECT 1;
SQL
)
what='a session without its server'
says '57P01'

finish_checks
