#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What a dump of the daemon's memory would contain while a client is logged in, and who may make one.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
search=$BUILD/tests/integration/memory_search/memory_search
work=$(mktemp -d)
session=""
finish() {
    exec 3>&-
    [ -z "$session" ] || wait "$session" || :
    rm -rf "$work"
}
trap finish EXIT

# The keys of whoever starts a cluster are no business of its daemon.
caller_key=$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
succeeds 'a stop' "$DSQL" local stop --dir "$CLUSTER_DIR"
succeeds 'a start by a caller with keys' env AWS_SECRET_ACCESS_KEY="$caller_key" "$DSQL" local start --dir "$CLUSTER_DIR"
status=$("$DSQL" local status --dir "$CLUSTER_DIR" --output json)
pid=$(expr "$status" : '.*"pid": *\([0-9]*\)')

# Two logins with the same token: one ends, the other stays.
PGPASSWORD=$("$DSQL" token)
export PGPASSWORD PGHOST="$CLUSTER_ENDPOINT" PGUSER=admin PGDATABASE=postgres PGSSLMODE=verify-full
succeeds 'a login' psql -X -Atc 'SELECT 1'
mkfifo "$work/in"
psql -X -At <"$work/in" >"$work/out" 2>&1 &
session=$!
exec 3>"$work/in"
echo "SELECT 'ready';" >&3
tries=0
until grep -q ready "$work/out" || [ $tries = 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
equals 'a session' "$(cat "$work/out")" ready

# 77: only root may look.  Without it there is no dump, which is the other half of the test.
status=0
! is_sanitized || caller_key="no key of a caller"
printf '%s\n' "$caller_key" "$AWS_SECRET_ACCESS_KEY" "${PGPASSWORD##*X-Amz-Signature=}" |
    "$search" "$pid" >"$work/search" 2>&1 || status=$?
case $status in
0 | 77) ;;
*) fail_check 'the memory of the daemon has a secret' "$(cat "$work/search")" ;;
esac
if [ "$(id -u)" = 0 ]; then
    equals 'root may search' "$status" 0
fi
# A process that may be dumped belongs to its user, and one that may not to root.
equals 'the owner of the daemon in /proc' "$(stat -c %U "/proc/$pid/mem")" root
server=$(head -n 1 "$CLUSTER_DIR/data/postmaster.pid" 2>/dev/null) || server=""
if [ -n "$server" ]; then
    equals 'PostgreSQL may be dumped' "$(stat -c %U "/proc/$server/mem")" "$(stat -c %U "$CLUSTER_DIR/data")"
fi
finish_checks
