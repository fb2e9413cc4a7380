#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# kill -9 of a restore, of its server and of the cluster's server: the cluster has its earlier
# contents or the restored ones, starts, and keeps no other file.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-kills.XXXXXX")
chmod 0711 "$scratch"
other=$scratch/other
file=$scratch/contents

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$DSQL" local stop --dir "$other" >/dev/null 2>&1 || true
    rm -rf "$scratch"
}
trap clean_up EXIT

query() {
    env -u PGHOSTADDR -u PGPORT psql -X -At -q -v ON_ERROR_STOP=1 -h "$other/run" -p 5432 \
        -U dsql_owner -d postgres -c "$1"
}
# How many rows the restored table has; "none" without the table.
rows() {
    query "SELECT CASE WHEN to_regclass('t') IS NULL THEN 'none' ELSE
        (xpath('//n/text()', query_to_xml('SELECT count(*) AS n FROM t', true, true, '')))[1]::text
        END"
}
# until COMMAND...: 30 seconds at most.
until_true() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 3000 ] || return 1
        sleep 0.01
    done
}
# exists PATTERN
exists() {
    for path in $1; do
        [ ! -e "$path" ] || return 0
    done
    return 1
}
restarted() { query 'SELECT 1' >/dev/null 2>&1; }

# begin PATH: starts a restore and waits until the path exists.
begin() {
    "$DSQL" local restore --dir "$other" "$file" >"$scratch/out" 2>&1 &
    restore=$!
    until_true exists "$other/$1" || fail_check "no $1" "$(cat "$scratch/out")"
}
restart() {
    succeeds 'stop' "$DSQL" local stop --dir "$other"
    succeeds 'start' "$DSQL" local start --dir "$other" --port 0
}

succeeds 'a table' sql 'CREATE TABLE t (id int PRIMARY KEY)'
succeeds 'its rows' sql 'INSERT INTO t SELECT generate_series(1, 2000)'
succeeds 'the dump' "$DSQL" local dump --dir "$CLUSTER_DIR" "$file"
succeeds 'another cluster' "$DSQL" local start --dir "$other" --port 0

for moment in restore.archive 'data.restore.new.*' data.restore data.restore/postmaster.pid restore.list; do
    begin "$moment"
    kill -9 "$restore"
    wait "$restore" 2>/dev/null || true
    equals "after a kill at $moment" "$(rows)" none
done
restart
equals 'what is left' "$(cd "$other" && echo data*)" data
equals 'the earlier contents' "$(rows)" none

begin restore.list
until_true test -s "$other/data.restore/postmaster.pid"
kill -9 "$(head -n 1 "$other/data.restore/postmaster.pid")"
wait "$restore" && fail_check 'without its server: succeeded'
case $(cat "$scratch/out") in
*'Nothing was changed'*) ;;
*) fail_check 'without its server' "$(cat "$scratch/out")" ;;
esac
equals 'after a kill of its server' "$(rows)" none

begin restore.list
kill -9 "$(head -n 1 "$other/data/postmaster.pid")"
wait "$restore" && fail_check 'without the server of the cluster: succeeded'
until_true restarted
equals 'after a kill of the server' "$(rows)" none

# A second one is refused, and does not disturb the first.
begin restore.list
fails 'a second restore' "$DSQL" local restore --dir "$other" "$file"
says 'another restore of the cluster'
wait "$restore" || fail_check 'the first one' "$(cat "$scratch/out")"
equals 'restored' "$(rows)" 2000

# The crash of the machine between the two renames, and before the removal.
succeeds 'a stop' "$DSQL" local stop --dir "$other"
mv "$other/data" "$other/data.restored"
mkdir "$other/data.replaced"
chown --reference="$other/data.restored" "$other/data.replaced"
succeeds 'a start' "$DSQL" local start --dir "$other" --port 0
equals 'the restored contents' "$(rows)" 2000
equals 'what is left' "$(cd "$other" && echo data* restore*)" 'data restore.lock restore.log'

finish_checks
