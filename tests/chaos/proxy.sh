#!/bin/bash
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A bank through `dsql proxy`, in both pool modes.
#   storm: connections are cut at random bytes on both sides of the proxy, the gateway is killed, and
#     tokens and credentials expire every few seconds.  Every client gets an answer or a lost
#     connection, and the ledger shows that nothing was done twice.
#   calm: connections to the cluster live for LIFETIME seconds.  No client sees an error.
# usage: proxy.sh BINARY-DIRECTORY storm|calm SECONDS [SEED [LIFETIME CLIENTS]]   (inside with_cluster)
set -eu
binaries=$1
weather=$2
seconds=$3
seed=${4:-$$}
lifetime=${5:-1}
clients=${6:-6}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-proxy-chaos.XXXXXX")
proxy=''
relay=''
finish() {
    [ -z "$proxy" ] || kill -KILL "$proxy" 2>/dev/null || true
    [ -z "$relay" ] || kill -KILL "$relay" 2>/dev/null || true
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
    echo "FAILED: $mode, seed $seed: $1" >&2
    tail -n 20 "$scratch"/log "$scratch"/bank.* >&2 || true
    exit 1
}

# Credentials that expire, from a program; the environment has others.
cat >"$scratch/credentials" <<END
#!/bin/sh
date +%s >>"$scratch/renewals"
expiration=\$(date -u -d '+4 seconds' +%Y-%m-%dT%H:%M:%SZ)
printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s", "Expiration": "%s"}' \\
    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "\$expiration"
END
chmod 700 "$scratch/credentials"
printf '[profile storm]\ncredential_process = %s\n' "$scratch/credentials" >"$scratch/config"

start_relay() {
    rm -f "$scratch/relay.out"
    mkfifo "$scratch/relay.in"
    "$binaries/chaos_relay" "$PGPORT" "$seed" "$1" <"$scratch/relay.in" >"$scratch/relay.out" &
    relay=$!
    exec 3>"$scratch/relay.in" # the relay ends with this shell
    rm "$scratch/relay.in"
    until [ -s "$scratch/relay.out" ]; do sleep 0.01; done
    relay_port=$(cat "$scratch/relay.out")
}

# start_proxy OPTIONS...
start_proxy() {
    target="$CLUSTER_ENDPOINT?port=0&server_port=$relay_port&hostaddr=127.0.0.1&sslrootcert=$PGSSLROOTCERT"
    target="$target&profile=storm&token_seconds=3&max_servers=$max_servers&min_idle=$min_idle"
    env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_CONFIG_FILE="$scratch/config" \
        "$DSQL" proxy "$target" --state-dir "$scratch/state" --socket-dir none --pool-mode "$mode" "$@" \
        >"$scratch/out" 2>"$scratch/log" &
    proxy=$!
    "$DSQL" proxy wait --state-dir "$scratch/state" --timeout 30 || fail 'the proxy is not ready'
    PROXY_PASSWORD=$(sed -n 's/^"\*" "\(.*\)"$/\1/p' "$scratch/state/password")
    export PROXY_PASSWORD
    port=$(sed -n 's/.*@127\.0\.0\.1:\([0-9]*\)\/.*/\1/p' "$scratch/out")
}

status() { "$DSQL" proxy status --state-dir "$scratch/state" --output json; }
counter() { status | sed -n "s/.*\"$1\": \([0-9]*\),.*/\1/p"; }

daemon() {
    "$DSQL" local status --dir "$CLUSTER_DIR" --output json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'
}

# A PostgreSQL whose daemon was killed may need more than one start.
kill_gateway() {
    kill -KILL "$(daemon)"
    tries=0
    until "$DSQL" local start --dir "$CLUSTER_DIR" --port "$PGPORT" >"$scratch/start" 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || fail "no start after a kill: $(cat "$scratch/start")"
        sleep 0.5
    done
    kills=$((kills + 1))
}

# run CUT_BYTES: the bank, and the kills of a storm.
run() {
    "$binaries/proxy_bank" "$seconds" "$clients" "$seed" "$1" "$port" >"$scratch/bank.out" 2>"$scratch/bank.err" &
    bank=$!
    until grep -q working "$scratch/bank.out"; do
        kill -0 "$bank" 2>/dev/null || fail 'the bank has not begun'
        sleep 0.05
    done
    end=$(($(date +%s) + seconds - 1))
    while [ "$weather" = storm ] && [ "$(date +%s)" -lt "$end" ]; do
        sleep 1
        kill_gateway
    done
    wait "$bank" 2>/dev/null || fail 'what clients were told is not in the ledger, or a client heard nothing'
    kill -0 "$proxy" 2>/dev/null || fail 'the proxy has ended'
}

for mode in session transaction; do
    max_servers=$((clients + 2)) # a session needs two of them while it changes from one to the other
    min_idle=$clients # all of them grow old, also if fewer would do
    kills=0
    if [ "$weather" = storm ]; then
        [ "$mode" = session ] || max_servers=3
        min_idle=1
        start_relay 60000
        start_proxy --lifetime 2
        run 20000
    else
        start_relay 0
        start_proxy --lifetime "$lifetime"
        run 0
        rollovers=$(counter rollovers)
        [ "$rollovers" -ge $((seconds * clients / lifetime / 2)) ] || fail "only $rollovers connections were replaced"
    fi
    echo "$mode: $kills kills, $(counter rollovers) rollovers, $(counter retries_succeeded) retries," \
        "$(counter tokens) tokens, $(wc -l <"$scratch/renewals") renewals of credentials"
    cat "$scratch/bank.out"
    kill -TERM "$proxy"
    wait "$proxy" || fail 'the proxy did not end well'
    proxy=''
    exec 3>&-
    wait "$relay"
    relay=''
    rm -rf "$scratch/state" "$scratch/renewals"
done
