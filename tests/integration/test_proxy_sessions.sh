#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Clients that are logged in to the proxy and send what no driver sends, in both pool modes: each gets what
# a session of its own would give it, and whatever it sends or leaves behind, the others notice nothing.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
. "$(dirname "$0")/proxy.sh"
python=${PYTHON:-/usr/bin/python3}
sessions=$(cd "$(dirname "$0")/sessions" && pwd)/sessions.py
if [ ! -x "$python" ]; then
    echo 'left out: no Python (Debian: python3)'
    exit 0
fi
PYTHONDONTWRITEBYTECODE=1
DIRECT_HOST=$PGHOSTADDR
DIRECT_PORT=$PGPORT
DIRECT_NAME=$CLUSTER_ENDPOINT
DIRECT_CA=$PGSSLROOTCERT
DIRECT_PASSWORD=$("$DSQL" token)
export PYTHONDONTWRITEBYTECODE
export DIRECT_HOST DIRECT_PORT DIRECT_NAME DIRECT_CA DIRECT_PASSWORD
succeeds 'a table' "$DSQL" psql -- -qc 'CREATE TABLE notes (id int PRIMARY KEY, body text)' \
    -c "INSERT INTO notes SELECT i, 'note ' || i FROM generate_series(1, 9) i"
forget_cluster

for mode in session transaction; do
    # So few connections that one that is not given back is missed.
    "$DSQL" proxy "$cluster&max_servers=3" --pool-mode $mode >/dev/null 2>"$scratch/log" &
    proxy=$!
    succeeds "proxy in $mode mode" "$DSQL" proxy wait --timeout 30
    port=$("$DSQL" proxy env --tcp --output url | sed -n 's/.*:\([0-9]*\)\/.*/\1/p')
    for attack in compare ahead malformed vanish; do
        succeeds "$attack in $mode mode" "$python" "$sessions" $attack "$scratch/run/dsql/.s.PGSQL.$port" admin
        printf '%s mode: %s\n' $mode "$output"
    done
    kill -0 "$proxy" 2>/dev/null || fail_check 'the proxy has ended' "$(cat "$scratch/log")"
    kill -TERM "$proxy"
    status=0
    wait "$proxy" || status=$?
    equals 'exit status' "$status" 0
    proxy=""
done
finish_checks
