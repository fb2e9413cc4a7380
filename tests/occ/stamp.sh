#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# COMMIT deletes many old versions of one page together.  The page must look as if each had
# been deleted by itself, and recovery must bring back the same page.
# usage: stamp.sh        (inside extension/test/with_server)
set -eu
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"
export PGOPTIONS='-c dsql_local.strict=off'

sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
    else
        "$@"
    fi
}

[ "$(sql -c "SELECT count(*) FROM pg_available_extensions WHERE name = 'pageinspect'")" = 1 ] || {
    echo "pageinspect is not installed (postgresql-contrib)" >&2
    exit 77
}
sql -c 'CREATE EXTENSION pageinspect' 2>/dev/null

# What PostgreSQL may set at any time: is the end of a transaction known?
hints="(x'0100'::int | x'0400'::int | x'0800'::int)"

# marks TABLE: in what the versions that have an xmax differ, and the page's header.
marks() {
    sql -c "SELECT DISTINCT t_infomask & ~$hints, t_infomask2, t_ctid = ('(0,' || lp || ')')::tid,
                t_ctid = '(4294967295,65533)'
            FROM heap_page_items(get_raw_page('$1', 0)) WHERE t_xmax::text <> '0' ORDER BY 1, 2, 3, 4"
    sql -c "SELECT flags & 4, prune_xid::text <> '0' FROM page_header(get_raw_page('$1', 0))"
}

# change TABLE ROWS: updates that many, deletes the next ones; leaves in $wal what COMMIT wrote.
change() {
    sql -c "CREATE TABLE $1 (id int PRIMARY KEY, v int) WITH (autovacuum_enabled = off)"
    sql -c "INSERT INTO $1 SELECT g, 0 FROM generate_series(1, 226) g"
    sql -c "VACUUM $1"
    lsns=$(sql <<SQL
BEGIN;
UPDATE $1 SET v = 1 WHERE id <= $2;
DELETE FROM $1 WHERE id > $2 AND id <= 2 * $2;
SELECT pg_current_wal_insert_lsn();
COMMIT;
SELECT pg_current_wal_insert_lsn();
SQL
)
    wal=$(as_server "$PGBINDIR/pg_waldump" -p "$PGDATA/pg_wal" -s "$(echo "$lsns" | head -n 1)" \
        -e "$(echo "$lsns" | tail -n 1)" 2>/dev/null)
}

# records NAME: how many of them are in $wal.
records() {
    echo "$wal" | grep -c "rmgr: $1" || true
}

change few 5
equals 'a few are deleted one by one' "$(records Heap) $(records Generic)" '10 0'
change many 60
equals 'many are deleted together' "$(records Heap) $(records Generic)" '1 1'
equals 'the pages look the same' "$(marks many)" "$(marks few)"
equals 'there are updates and deletes' "$(marks many | wc -l)" 3

# Nothing has read the table since: a scan would prune the page, and recovery need not repeat that.
page="SELECT count(*), md5(string_agg(concat_ws('|', lp, lp_flags, t_xmin, t_xmax, t_ctid,
        t_infomask & ~$hints, t_infomask2), ',' ORDER BY lp))
    FROM heap_page_items(get_raw_page('many', 0))"
before=$(sql -c "$page")
as_server "$PGBINDIR/pg_ctl" -D "$PGDATA" -m immediate -w stop >/dev/null
as_server "$PGBINDIR/pg_ctl" -D "$PGDATA" -l "$SERVER_LOG" -w start >/dev/null
equals 'recovery brings back the same page' "$(sql -c "$page")" "$before"
equals 'the rows' "$(sql -c 'SELECT count(*), sum(v) FROM many')" '166|60'

# If the visibility map still had the page as all-visible, this would skip it.
sql -c 'VACUUM many'
equals 'VACUUM removes them all' \
    "$(sql -c "SELECT count(*) FROM heap_page_items(get_raw_page('many', 0)) WHERE t_xmax::text <> '0'")" 0

sql -c "CREATE TABLE wide (id int PRIMARY KEY, v int, t text)"
sql -c "ALTER TABLE wide ALTER t SET STORAGE EXTERNAL"
sql -c "INSERT INTO wide SELECT g, 0, CASE WHEN g % 10 = 0 THEN repeat('x', 5000) END FROM generate_series(1, 100) g"
sql -c 'DELETE FROM wide'
sql -c 'VACUUM wide'
equals 'toasted values are deleted too' \
    "$(sql -c "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'wide'")" 0
finish_checks
