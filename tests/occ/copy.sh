#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# COPY is an insert like any other: it counts, conflicts and meets duplicates.
# usage: copy.sh        (inside extension/test/with_server)
set -eu
# A wait ends at once.
export PGOPTIONS="${PGOPTIONS:-} -c lock_timeout=200ms"
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"

sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "$@"
}

# Two psql in one transaction each: the second copies and commits inside the first.
between() {
    printf 'BEGIN;\nCOPY item FROM STDIN;\n%s\n\\.\n\\! %s\nCOMMIT;\n' "$1" \
        "printf 'COPY item FROM STDIN;\\n$2\\n\\\\.\\n' | psql -X -q -v ON_ERROR_STOP=1" |
        sql
}

sql -c 'CREATE TABLE item (id int PRIMARY KEY, v int)'
succeeds 'different keys' between '1	10' '2	20'
equals 'both are there' "$(sql -c 'SELECT count(*) FROM item')" 2
fails 'one key' between '3	30' '3	33'
says '40001: change conflicts with another transaction (OC000)'
equals 'the first to commit won' "$(sql -c 'SELECT v FROM item WHERE id = 3')" 33
fails 'a visible key' between '3	31' '4	40'
says '23505'
succeeds 'many rows' sql -c "COPY (SELECT g, 0 FROM generate_series(101, 3100) g) TO STDOUT" 
printf '%s\n' "$output" >"${TMPDIR:-/tmp}/copy.$$"
succeeds '3,000 rows' sql -c '\copy item FROM '"${TMPDIR:-/tmp}/copy.$$"
printf '1\t1\n' | cat - "${TMPDIR:-/tmp}/copy.$$" >"${TMPDIR:-/tmp}/copy1.$$"
sql -c 'DELETE FROM item WHERE id > 100'
sql -c 'DELETE FROM item'
fails '3,001 rows' sql -c '\copy item FROM '"${TMPDIR:-/tmp}/copy1.$$"
says '54000: transaction row limit exceeded'
rm -f "${TMPDIR:-/tmp}/copy.$$" "${TMPDIR:-/tmp}/copy1.$$"
equals 'none of them stayed' "$(sql -c 'SELECT count(*) FROM item')" 0
finish_checks
