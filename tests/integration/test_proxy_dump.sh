#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# pg_dump and pg_restore through the proxy.  pg_dump refuses servers that are newer than itself, so
# one of version 16 or later is needed; without it only its first statements are tested.
# DSQL_TEST_PG_DUMP names one that is elsewhere.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
. "$(dirname "$0")/proxy.sh"

finish_more() {
    [ ! -d "$scratch/data" ] || as_server "$programs/pg_ctl" -D "$scratch/data" -m immediate stop >/dev/null || true
}

"$DSQL" psql -- -X -q -v ON_ERROR_STOP=1 >/dev/null <<'END'
CREATE TABLE items (id uuid PRIMARY KEY, name text NOT NULL, price numeric(10, 2), at timestamptz);
INSERT INTO items SELECT gen_random_uuid(), E'tab\t, quote '' and line\n' || i, i / 7.0, now()
  FROM generate_series(1, 500) i;
CREATE SCHEMA app;
CREATE TABLE app."Empty one" (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY);
CREATE VIEW app.names AS SELECT name FROM items;
CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
CREATE FUNCTION app.next(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
CREATE ROLE reader WITH LOGIN;
GRANT SELECT (name) ON items TO reader;
CREATE SEQUENCE counter CACHE 1;
CREATE INDEX ASYNC by_name ON items (name) \gset
CALL sys.wait_for_job(:'job_id');
SELECT nextval('counter');
END
forget_cluster

begin() {
    "$DSQL" proxy "$@" "$cluster" >/dev/null 2>"$scratch/log" &
    proxy=$!
    succeeds "proxy $*" "$DSQL" proxy wait --timeout 30
    url=$("$DSQL" proxy env --output url)
}
end() {
    kill -TERM "$proxy"
    wait "$proxy" || true
    proxy=""
}
digest() { psql "$1" -X -Atc "SELECT md5(string_agg(items::text, ';' ORDER BY id)) FROM items"; }

# ---- The first statements of pg_dump 17, in both modes and by name or option ----
cat >"$scratch/beginning" <<'END'
SET DATESTYLE = ISO;
SET synchronize_seqscans TO off;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET row_security = off;
SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind';
BEGIN;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
LOCK TABLE public.items, app."Empty one" IN ACCESS SHARE MODE;
PREPARE dumpFunc(pg_catalog.oid) AS SELECT proname FROM pg_catalog.pg_proc WHERE oid = $1;
EXECUTE dumpFunc('1242');
DECLARE _pg_dump_cursor CURSOR FOR SELECT count(*) FROM ONLY public.items;
FETCH 100 FROM _pg_dump_cursor;
FETCH 100 FROM _pg_dump_cursor;
CLOSE _pg_dump_cursor;
COMMIT;
END
for mode in session transaction; do
    begin --pool-mode $mode
    succeeds "the beginning in $mode mode" env PGAPPNAME=pg_dump psql "$url" -X -At -v ON_ERROR_STOP=1 -f "$scratch/beginning"
    says 'boolin'
    says '500'
    equals 'statements in the log' "$(grep -c 'for pg_dump: .* is answered by the proxy' "$scratch/log")" 12
    fails 'another program' env PGAPPNAME=another psql "$url" -X -At -v ON_ERROR_STOP=1 -f "$scratch/beginning"
    says 'not supported'
    end
done
begin --for pg_dump
succeeds 'another program, by the option' env PGAPPNAME=another psql "$url" -X -At -v ON_ERROR_STOP=1 -f "$scratch/beginning"

# ---- pg_dump itself ----
pg_dump=${DSQL_TEST_PG_DUMP:-$(find /usr/lib/postgresql/*/bin/pg_dump 2>/dev/null | sort -V | tail -n 1)}
version=$("${pg_dump:-false}" --version 2>/dev/null | sed -n 's/[^0-9]*\([0-9]*\).*/\1/p')
if [ "${version:-0}" -lt 16 ]; then
    echo "left out: pg_dump of version 16 or later (Debian 13: postgresql-client-17)"
    finish_checks
    exit
fi
printf 'runs: pg_dump %s\n' "$version"
for format in '' '--inserts --rows-per-insert=100'; do
    # shellcheck disable=SC2086 # options
    succeeds "pg_dump $format" "$pg_dump" "$url" --no-owner --no-privileges $format --file="$scratch/dump$format.sql"
done
succeeds 'an archive' "$pg_dump" "$url" --format=custom --no-owner --no-privileges --file="$scratch/archive"
equals 'what belongs to every cluster' "$(grep -e sys -e 'ACCESS METHOD' -e access_method -e btree_index "$scratch/dump.sql")" ''
equals 'what the log says of the second one' "$(grep -c 'for pg_dump: DECLARE _pg_dump_cursor' "$scratch/log")" 3
fails 'a dump by several processes' "$pg_dump" "$url" -Fd -j 2 -f "$scratch/parallel"

# Into a PostgreSQL, which runs as nobody if this is root.
programs=$(dirname "$(find /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")
as_server() {
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
mkdir "$scratch/data"
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$scratch/data"
chmod 0711 "$scratch"
chmod 0700 "$scratch/data"
as_server "$programs/initdb" -D "$scratch/data" -A trust -U postgres -N >/dev/null
as_server "$programs/pg_ctl" -D "$scratch/data" -w -l "$scratch/data/log" \
    -o "-c listen_addresses= -k $scratch/data" start >/dev/null
for format in '' '--inserts --rows-per-insert=100'; do
    database=plain${format:+_inserts}
    restored="host=$scratch/data user=postgres dbname=$database"
    psql "host=$scratch/data user=postgres" -Xqc "CREATE DATABASE $database"
    # An older server does not know every setting, and has a schema public.
    psql "$restored" -X -q -f "$scratch/dump$format.sql" >"$scratch/restore" 2>&1
    equals "errors $format" "$(grep ERROR "$scratch/restore" | grep -v -e 'schema "public" already exists' -e transaction_timeout || :)" ''
    equals "rows $format" "$(digest "$restored")" "$(digest "$url")"
    equals "the rest $format" "$(psql "$restored" -X -Atc 'SELECT count(*), app.next(41), 7::app.positive FROM app.names')" '500|42|7'
done

# ---- An archive, which has the definition of the database too ----
psql "host=$scratch/data user=postgres" -Xqc "CREATE DATABASE archive"
restored="host=$scratch/data user=postgres dbname=archive"
pg_restore=$(dirname "$pg_dump")/pg_restore
"$pg_restore" --no-owner -d "$restored" "$scratch/archive" >"$scratch/restore" 2>&1 || :
equals 'errors of an archive' "$(grep 'ERROR:' "$scratch/restore" |
    grep -v -e 'schema "public" already exists' -e transaction_timeout || :)" ''
equals 'rows of an archive' "$(digest "$restored")" "$(digest "$url")"
definitions() { grep -E '^(CREATE|ALTER|    )' | grep -v 'SCHEMA public'; }
"$pg_restore" -f- --schema-only --no-owner "$scratch/archive" | definitions >"$scratch/in_archive"
"$pg_dump" "$restored" --schema-only --no-owner --no-privileges | definitions >"$scratch/in_database"
equals 'definitions of an archive' "$(diff "$scratch/in_archive" "$scratch/in_database")" ''
equals 'how many' "$(grep -cE '^CREATE|ADD CONSTRAINT' "$scratch/in_archive")" 10

# ---- And back into the cluster: all but what the dialect does not have ----
psql "$url" -X -q -c 'DROP VIEW app.names' -c 'DROP TABLE items' -c 'CREATE TABLE items
    (id uuid PRIMARY KEY, name text NOT NULL, price numeric(10, 2), at timestamptz)' >/dev/null
succeeds 'the data of a dump' "$pg_dump" "$restored" --data-only --table=items --file="$scratch/data.sql"
end
begin
succeeds 'restoring them' env PGAPPNAME=pg_restore psql "$url" -X -q -v ON_ERROR_STOP=1 -f "$scratch/data.sql"
equals 'rows' "$(digest "$url")" "$(digest "$restored")"
psql "$url" -X -q -c 'DELETE FROM items'
succeeds 'restoring from an archive' "$pg_restore" --data-only --table=items --dbname="$url" "$scratch/archive"
equals 'rows from an archive' "$(digest "$url")" "$(digest "$restored")"
end
finish_checks
