#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# COMMIT deletes the old versions of some pages together.  A page must look as if heap had
# deleted or updated each by itself, and recovery must bring back the same page.  So must it
# bring back new versions, of which the WAL has what differs from the old ones.
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
sql -c 'CREATE EXTENSION pageinspect' -c 'CREATE EXTENSION pg_visibility' 2>/dev/null

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

# The page is all-visible before.
change few 5
equals 'a few are deleted together' "$(records Heap) $(records custom128)" '0 1'
change many 60
equals 'many are deleted together' "$(records Heap) $(records custom128)" '0 1'
equals 'the pages look the same' "$(marks many)" "$(marks few)"
equals 'there are updates and deletes' "$(marks many | wc -l)" 3

# An update that changes no indexed column leaves what heap leaves, and no index entry.
# update_beside TABLE ACCESS-METHOD: half of the rows, and the first one twice.
update_beside() {
    sql -c "CREATE TABLE $1 (id int PRIMARY KEY, v int) USING $2 WITH (fillfactor = 40, autovacuum_enabled = off)"
    sql -c "INSERT INTO $1 SELECT g, 0 FROM generate_series(1, 80) g"
    sql -c "UPDATE $1 SET v = 1 WHERE id <= 40"
    sql -c "UPDATE $1 SET v = v + 1 WHERE id = 1"
}
versions() {
    sql -c "SELECT count(*), md5(string_agg(concat_ws('|', lp, lp_flags, t_ctid, t_infomask & ~$hints, t_infomask2,
            t_xmax::text <> '0', t_data), ',' ORDER BY lp)) FROM heap_page_items(get_raw_page('$1', 0))"
}
update_beside beside dsql
update_beside beside_heap heap
equals 'the page is as after HOT updates' "$(versions beside)" "$(versions beside_heap)"
equals 'no index entry is added' \
    "$(sql -c "SELECT count(*) FROM bt_page_items('beside_pkey', 1)")" 80
equals 'the updated rows are found by the index' \
    "$(sql -c 'SET enable_seqscan = off; SELECT count(*), sum(v) FROM beside WHERE id BETWEEN 1 AND 40')" '40|41'
equals 'they are counted as HOT updates' \
    "$(sql -c "SELECT pg_stat_force_next_flush()" -c "SELECT n_tup_hot_upd FROM pg_stat_user_tables
        WHERE relname = 'beside'" | tail -n 1)" 41

# What a transaction that failed leaves makes way when the page is full.
sql <<SQL
CREATE TABLE failed (id int PRIMARY KEY, v int) WITH (fillfactor = 50, autovacuum_enabled = off);
INSERT INTO failed SELECT g, 0 FROM generate_series(1, 100) g;
SQL
for _ in 1 2 3 4 5 6; do
    sql -c BEGIN -c 'UPDATE failed SET v = v + 1' -c ROLLBACK
done
sql -c 'UPDATE failed SET v = v + 1 WHERE id <= 50'
equals 'versions of failed transactions are pruned' \
    "$(sql -c "SELECT pg_relation_size('failed') / 8192 < 6, sum(v) FROM failed")" 't|50'

# waldump COMMAND: what the statements write to the WAL.
waldump() {
    from=$(sql -c 'SELECT pg_current_wal_insert_lsn()')
    sql -c "$1"
    wal=$(as_server "$PGBINDIR/pg_waldump" -p "$PGDATA/pg_wal" -s "$from" \
        -e "$(sql -c 'SELECT pg_current_wal_insert_lsn()')" 2>/dev/null)
}

# Two pages or more are in one record.
sql -c "CREATE TABLE sparse (id int PRIMARY KEY, v int, filler char(1500) DEFAULT '')
    WITH (fillfactor = 10, autovacuum_enabled = off)"
sql -c 'INSERT INTO sparse (id, v) SELECT g, 0 FROM generate_series(1, 14) g'
waldump 'UPDATE sparse SET v = 1'
equals 'pages are stamped together' "$(echo "$wal" | grep -c 'custom128.*UNKNOWN (0)')" 2
equals 'new versions are in the WAL without what the old ones have' \
    "$(echo "$wal" | awk '/custom128.*UNKNOWN \(10\)/ { n++; if ($6 + 0 < 100) small++ } END { print n, small }')" '14 14'

# Of the pages of one record some are all-visible.  Those that are not changed stay so.
sql -c "CREATE TABLE partly (id int PRIMARY KEY, v int, filler char(1500) DEFAULT '')
    WITH (fillfactor = 10, autovacuum_enabled = off)"
sql -c 'INSERT INTO partly (id, v) SELECT g, 0 FROM generate_series(1, 14) g' -c 'VACUUM partly'
sql -c 'UPDATE partly SET v = 1 WHERE id IN (2, 4)'
waldump 'DELETE FROM partly WHERE id < 7'
equals 'visible pages and others are stamped together' \
    "$(echo "$wal" | grep -c 'custom128.*UNKNOWN (0)') $(records 'Heap ')" '1 0'
visible_pages() {
    sql -c "SELECT string_agg(blkno::text, ' ' ORDER BY blkno) FROM pg_visibility('$1')
        WHERE all_visible AND pd_all_visible" -c "SELECT count(*) FROM pg_visibility('$1')
        WHERE all_visible <> pd_all_visible" -c "SELECT count(*) FROM pg_check_visible('$1')"
}
equals 'only the other pages are visible to all' "$(visible_pages partly)" "$(printf '6 7 8 9 10 11 12 13\n0\n0')"

# What differs is at the start, in the middle or at the end; longer, shorter, nothing; NULL or not any more.
sql -c "CREATE TABLE parts (a text, n int, b text, c bigint) WITH (fillfactor = 20, autovacuum_enabled = off)"
sql -c "INSERT INTO parts SELECT CASE WHEN g % 3 > 0 THEN repeat('a', g) END, g, 'middle' || g,
    CASE WHEN g % 2 > 0 THEN g END FROM generate_series(1, 30) g"
waldump "UPDATE parts SET a = CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN repeat('b', n) WHEN 2 THEN a || 'a' ELSE a END,
    b = CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN b || '!' WHEN 2 THEN '' ELSE b END,
    c = CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN n ELSE c END, n = CASE n % 6 WHEN 0 THEN n ELSE n + 100 END"
equals 'all of them have such a record' "$(echo "$wal" | grep -c 'custom128.*UNKNOWN (10)')" 30

# Nothing has read the table since: a scan would prune the page, and recovery need not repeat that.
# The transaction that is open has versions that are not linked.
page() {
    sql -c "SELECT count(*), md5(string_agg(concat_ws('|', page, lp, lp_flags, t_xmin, t_xmax, t_ctid,
        t_infomask & ~$hints, t_infomask2, t_hoff, t_bits, t_data), ',' ORDER BY page, lp))
    FROM generate_series(0, pg_relation_size('$1') / 8192 - 1) page, heap_page_items(get_raw_page('$1', page::int))"
}
pages() {
    for table in many beside sparse parts partly; do page "$table"; done
}
mkfifo "$PGDATA/../open"
sql <"$PGDATA/../open" >/dev/null 2>&1 &
exec 3>"$PGDATA/../open"
echo "BEGIN; UPDATE beside SET v = 100 WHERE id > 70; SELECT pg_notify('open', '');" >&3
while [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_notify%' AND state = 'idle in transaction'
        AND pid <> pg_backend_pid()")" != 1 ]; do :; done
before=$(pages)
sql -c 'SELECT pg_switch_wal()' >/dev/null # and writes what there is
as_server "$PGBINDIR/pg_ctl" -D "$PGDATA" -m immediate -w stop >/dev/null
exec 3>&-
as_server "$PGBINDIR/pg_ctl" -D "$PGDATA" -l "$SERVER_LOG" -w start >/dev/null
equals 'recovery brings back the same pages' "$(pages)" "$before"
equals 'and their bits of the visibility map' "$(visible_pages partly)" "$(printf '6 7 8 9 10 11 12 13\n0\n0')"
equals 'the rows' "$(sql -c 'SELECT count(*), sum(v) FROM many')" '166|60'
equals 'the rows that are beside each other' \
    "$(sql -c 'SELECT count(*), sum(v) FROM beside')" '80|41'

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
