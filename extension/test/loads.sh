#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The module is there when preloaded, and refuses to be loaded any later.
set -eu

am=$(psql -X -At -c "SELECT amname FROM pg_am WHERE amtype = 't' ORDER BY 1")
test "$am" = "$(printf 'dsql\nheap')"
psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE TABLE t (id int PRIMARY KEY)' \
    -c 'INSERT INTO t VALUES (1)'

# Started without preloading: an error with the next step, and no access method.
conf=$PGDATA/postgresql.conf
sed -i 's/^shared_preload_libraries.*//' "$conf"
restart() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- \
            "$PGBINDIR/pg_ctl" -D "$PGDATA" -l "$SERVER_LOG" -m fast -w restart >/dev/null)
    else
        "$PGBINDIR/pg_ctl" -D "$PGDATA" -l "$SERVER_LOG" -m fast -w restart >/dev/null
    fi
}
restart
if out=$(psql -X -c 'SELECT * FROM t' 2>&1); then
    echo "a table was read without the preloaded module" >&2
    exit 1
fi
echo "$out" | grep -q 'shared_preload_libraries'
