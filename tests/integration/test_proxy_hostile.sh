#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Strangers at the TCP port of the proxy: those who connect and do not log in, and those whose
# messages are damaged.  Others log in meanwhile, nothing but requests for proof and errors is
# answered, and the proxy goes on.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
. "$(dirname "$0")/proxy.sh"
flood=$BUILD/tests/integration/flood/flood
hostile=$BUILD/tests/integration/hostile/hostile
attackers=""
finish_more() {
    exec 3>&-
    [ -z "$attackers" ] || wait "$attackers" || :
}
mkfifo "$scratch/in"
forget_cluster
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null

# With as few descriptors as systems usually allow.
sh -c 'ulimit -n 1024 && exec "$@"' sh "$DSQL" proxy "$cluster" --tls-cert "$scratch/cert.pem" \
    --tls-key "$scratch/key.pem" >/dev/null 2>"$scratch/log" &
proxy=$!
succeeds 'a proxy' "$DSQL" proxy wait --timeout 30
url=$("$DSQL" proxy env --tcp --output url)
port=$(expr "$url" : '.*:\([0-9]*\)/')
# A client has 100 ms for each stage while others are waiting.  A busy machine may keep one from
# that, and drivers try again: no login in ten attempts is a flood that locks others out.
logs_in() {
    attempts=0
    until output=$(timeout 60 psql "$url" -X -Atc 'SELECT 1' 2>&1) || [ "$attempts" = 9 ]; do
        attempts=$((attempts + 1))
    done
    equals "$1" "$output" 1
}
logs_in 'a login before'

# login_under KIND COUNT
login_under() {
    : >"$scratch/out.$1"
    "$flood" 127.0.0.1 "$port" "$1" "$2" <"$scratch/in" >"$scratch/out.$1" &
    attackers=$!
    exec 3>"$scratch/in"
    until [ -s "$scratch/out.$1" ]; do sleep 0.05; done # all of them are connected
    logs_in "a login while others are $1"
    exec 3>&-
    wait "$attackers" || :
    attackers=""
}
login_under silent 1500
login_under byte 1500
login_under drip 300
login_under tls 200
login_under startup 40
login_under cancel 40
login_under tiny 20

# ---- Damaged messages ----
succeeds 'damaged messages' "$hostile" "$port"
printf '%s\n' "$output"
python=${PYTHON:-/usr/bin/python3}
if [ -x "$python" ]; then
    password=$(sed -n 's/^"\*" "\(.*\)"$/\1/p' "$scratch/state/dsql/proxy/password")
    succeeds 'strangers with TLS' env PYTHONDONTWRITEBYTECODE=1 "$python" "$(dirname "$0")/sessions/strangers.py" \
        "$port" "$password" "$scratch/cert.pem"
    printf '%s\n' "$output"
else
    echo 'left out: strangers with TLS (Debian: python3)'
fi
logs_in 'a login afterwards'
kill -0 "$proxy" 2>/dev/null || fail_check 'the proxy has ended' "$(cat "$scratch/log")"
checks=$((checks + 1))
succeeds 'nobody else has come in' "$DSQL" proxy status --output json
says '"clients_accepted": 9,'
says '"connects": 9,'
kill -TERM "$proxy"
status=0
wait "$proxy" || status=$?
proxy=""
equals 'exit status' "$status" 0
finish_checks
