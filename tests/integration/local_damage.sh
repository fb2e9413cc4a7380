#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Damages the files of a stopped cluster, one at a time, and starts it.  Either it works: a login
# succeeds and the data is there; or start fails, names the file and says what to do.  A damaged
# cluster can always be stopped and destroyed.
# Usage: local_damage.sh DSQL [all]     (without "all": some files only)
set -eu
dsql=$1
which=${2:-some}
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
base=$(mktemp -d /tmp/dsql-damage-XXXXXX)
chmod 0755 "$base"
chattr +T "$base" 2>/dev/null || : # see directory_place_apart() in src/local/file.h
whole=$base/whole
dir=$base/cluster

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$dsql" local stop --dir "$whole" >/dev/null 2>&1 || true
    "$dsql" local stop --dir "$dir" >/dev/null 2>&1 || true
    rm -rf "$base"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

start() { "$dsql" local start --dir "$dir" --port 0; }

# The number of rows, through gateway and token.
count_rows() {
    (eval "$("$dsql" local env --dir "$dir")" && "$dsql" psql -- -XAtc 'SELECT sum(id) FROM t')
}

endpoint() { sed -n 's/.*"endpoint": "\([^"]*\)".*/\1/p' "$dir/cluster.json"; }

# restore: an undamaged cluster, stopped.
restore() {
    "$dsql" local destroy --dir "$dir" >/dev/null 2>&1 || rm -rf "$dir"
    cp -a "$whole" "$dir"
}

# It works, or the error names the file and has a remedy.
judge() {
    checks=$((checks + 1))
    [ -z "${VERBOSE:-}" ] || echo "$(date +%T) $1"
    if output=$(start 2>&1); then
        rows=$(count_rows 2>&1) || true
        [ "$rows" = 6 ] || fail_check "$1: started, but '$rows' instead of the data" "$output"
        [ "$(endpoint)" = "$name" ] || fail_check "$1: another endpoint" "$output"
    else
        printf '%s\n' "$output" | grep -qF "$2" || fail_check "$1: $2 is not named" "$output"
        printf '%s\n' "$output" | grep -qE 'Restore|[Dd]elete|Make|chmod|chown|backup' ||
            fail_check "$1: no remedy" "$output"
    fi
    succeeds "$1: stop" "$dsql" local stop --dir "$dir"
    succeeds "$1: destroy" "$dsql" local destroy --dir "$dir"
    [ ! -e "$dir" ] || fail_check "$1: destroy left files"
}

damage_file() {
    case $2 in
    emptied) : >"$dir/$1" ;;
    deleted) rm -rf "${dir:?}/$1" ;;
    garbage) printf 'garbage \001\002\377 { [ = \n' >"$dir/$1" ;;
    closed) chmod 000 "$dir/$1" ;;
    replaced) rm -rf "${dir:?}/$1" && printf 'a file' >"$dir/$1" ;;
    esac
}

# try PATH DAMAGE...
try() {
    file=$1
    shift
    for damage in "$@"; do
        restore
        damage_file "$file" "$damage"
        judge "$file $damage" "$(basename "$file")"
    done
}

# starts WHAT TEXT: it works and says TEXT.
starts() {
    succeeds "$1" start
    says "$2"
    equals "$1: rows" "$(count_rows)" 6
}

# refuses WHAT TEXT REMEDY
refuses() {
    fails "$1" start
    says "$2"
    says "$3"
    fails "$1: it does not run" "$dsql" local status --dir "$dir"
}

"$dsql" local start --dir "$whole" --port 0 >/dev/null 2>&1
(eval "$("$dsql" local env --dir "$whole")" &&
    "$dsql" psql -- -Xqc 'CREATE TABLE t (id int PRIMARY KEY)' \
        -c 'INSERT INTO t VALUES (1), (2), (3)') >/dev/null
"$dsql" local stop --dir "$whole" 2>/dev/null
restore
name=$(endpoint)

# The name is not invented anew, and not lost.
rm "$dir/cluster.json"
starts 'cluster.json deleted' 'it is written again'
equals 'cluster.json deleted: the endpoint' "$(endpoint)" "$name"
restore
rm "$dir/cluster.json" "$dir/secret/server.pem"
refuses 'cluster.json and the certificate deleted' "cluster.json\" is missing" 'dsql local destroy'

# An endpoint that was changed by hand.
restore
other=$(echo "$name" | sed 's/^.\{4\}/abcd/')
sed -i "s/$name/$other/" "$dir/cluster.json"
starts 'another endpoint' "has changed from $name to $other"
says "created the server's key and certificate again, for $other"
restore
sed -i "s/\"$name\"/\"localhost\"/" "$dir/cluster.json"
starts 'an endpoint that is not valid' 'it is written again'

# Never a new and empty database.
restore
rm -rf "$dir/data"
refuses 'data deleted' "data\" is missing: the cluster's data is gone" 'dsql local destroy'
[ ! -e "$dir/data" ] || fail_check 'data deleted: a new data directory was created'

# A new authority and new keys are reported, as clients need them.
restore
: >"$dir/secret/ca.key"
starts 'ca.key emptied' 'created a new certificate authority'
restore
rm "$dir/secret/identities.json"
starts 'identities.json deleted' 'created a new access key'

# A cluster that runs, and whose file was damaged meanwhile, can be stopped and destroyed.
restore
succeeds 'start' start
: >"$dir/cluster.json"
fails 'env with a damaged cluster.json' "$dsql" local env --dir "$dir"
says 'cluster.json" is damaged'
succeeds 'stop with a damaged cluster.json' "$dsql" local stop --dir "$dir"
says 'stopped'
succeeds 'destroy with a damaged cluster.json' "$dsql" local destroy --dir "$dir"

try data/pg_hba.conf garbage
try data/global/pg_control emptied
try data/global/pg_filenode.map emptied
try postgres.log closed

if [ "$which" = all ]; then
    for file in cluster.json state.json lock daemon.log postgres.log ca.pem secret/ca.key \
        secret/server.key secret/server.pem secret/identities.json lib/dsql_local.so \
        data/PG_VERSION data/postgresql.conf data/postgresql.auto.conf data/pg_hba.conf \
        data/pg_ident.conf data/global/pg_control data/global/pg_filenode.map; do
        try $file emptied deleted garbage closed
    done
    for folder in secret run lib data data/global data/base data/pg_wal data/pg_xact \
        data/pg_multixact; do
        try $folder deleted closed replaced
    done
fi

if [ "$(id -u)" -eq 0 ]; then
    # A disk with too little room, for a new cluster and for an existing one.
    small=$base/small
    mkdir "$small"
    if mount -t tmpfs -o size=20m tmpfs "$small" 2>/dev/null; then
        chmod 0755 "$small"
        fails 'a full disk' "$dsql" local start --dir "$small/cluster" --port 0
        says 'no space left on device'
        mount -o remount,ro "$small"
        fails 'a read-only disk' "$dsql" local start --dir "$small/cluster" --port 0
        says 'Read-only file system'
        umount "$small"
    else
        echo 'skipped: a full disk, as tmpfs cannot be mounted here'
    fi

    # Files of another user.
    restore
    chown -R nobody "$dir/data"
    refuses 'data of another user' 'belongs to user' chown
    restore
else
    echo 'skipped: a full disk and files of another user, which need root'
fi
finish_checks
