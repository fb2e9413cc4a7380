#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What idle clients cost `dsql proxy`: few enough bytes each that 10,000 of them fit in 200 MiB with
# OpenSSL 3.0, and nothing after they have gone.  With DSQL_TEST_CLIENTS=10000 they are there at once.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
. "$(dirname "$0")/proxy.sh"
flood=$BUILD/tests/integration/flood/flood
clients=""
finish_more() {
    exec 3>&-
    [ -z "$clients" ] || wait "$clients" || :
}
mkfifo "$scratch/in"

forget_cluster
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
"$DSQL" proxy "$cluster" --pool-mode transaction --auth trust --tls-cert "$scratch/cert.pem" \
    --tls-key "$scratch/key.pem" >"$scratch/ready" 2>"$scratch/log" &
proxy=$!
succeeds 'the proxy' "$DSQL" proxy wait --timeout 30
port=$(expr "$("$DSQL" proxy env --output url --tcp)" : '.*:\([0-9]*\)/')

resident_kib() { awk '/^VmRSS/ {print $2}' "/proc/$proxy/status"; }
sockets() { find "/proc/$proxy/fd" -lname 'socket:*' | wc -l; }

# When clients have gone, their memory is given back, within 2 MiB.
settles() {
    tries=0
    while ! is_sanitized && [ "$(resident_kib)" -gt $((before_kib + 2048)) ] && [ $tries -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    after_kib=$(resident_kib)
    [ -z "${DSQL_TEST_PRINT:-}" ] || echo "$1: $after_kib KiB after"
    checks=$((checks + 1))
    is_sanitized || [ "$after_kib" -le $((before_kib + 2048)) ] ||
        fail_check "$1: the proxy has grown from $before_kib to $after_kib KiB"
}

# A session of OpenSSL takes more since, and keeps the key of the ML-KEM exchange, 6 kB.
case $(openssl version) in
"OpenSSL 3.0."*) tls_bytes=19000 most_mib=200 ;;
*) tls_bytes=32000 most_mib=320 ;;
esac

# costs KIND ADDRESS BYTES KIB: so much for each client, and beside it.  The 640 TLS sessions that were
# used last keep 34 kB each, however many clients there are.
costs() {
    : >"$scratch/out"
    "$flood" "$2" "$port" "$1" "$COUNT" <"$scratch/in" >"$scratch/out" &
    clients=$!
    exec 3>"$scratch/in"
    tries=0
    until [ -s "$scratch/out" ] || [ $tries = $((600 + COUNT / 4)) ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    equals "$1 $2: the clients" "$(cat "$scratch/out")" ready
    tries=0 # the last of them may not have been accepted yet
    until [ "$(sockets)" -ge "$COUNT" ] || [ $tries = 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    checks=$((checks + 1))
    [ "$(sockets)" -ge "$COUNT" ] || fail_check "$1 $2: only $(sockets) sockets are open"
    grown_kib=$(($(resident_kib) - before_kib - $4))
    bytes=$((grown_kib * 1024 / COUNT))
    [ -z "${DSQL_TEST_PRINT:-}" ] ||
        echo "$1 $2: $bytes bytes each; $before_kib KiB before, $(resident_kib) KiB with $COUNT clients"
    checks=$((checks + 1))
    is_sanitized || [ "$(resident_kib)" -le $((most_mib * 1024)) ] ||
        fail_check "$1 $2: with $COUNT clients the proxy takes $(resident_kib) KiB"
    checks=$((checks + 1))
    is_sanitized || [ "$bytes" -le "$3" ] || fail_check "$1 $2: $bytes bytes for each client, and not $3"
    exec 3>&-
    wait "$clients" || :
    clients=""
    settles "$1 $2"
}

# The first client pays for what the program needs only once.
COUNT=${DSQL_TEST_CLIENTS:-600}
succeeds 'a client' env PGSSLMODE=require psql "host=localhost hostaddr=127.0.0.1 port=$port user=admin dbname=postgres" -c ''
before_kib=$(resident_kib)
costs plain "$XDG_RUNTIME_DIR/dsql" 5000 0
costs idle 127.0.0.1 "$tls_bytes" 22000
if [ "$COUNT" -le 1000 ]; then # of those that have not logged in, no more are kept
    costs silent 127.0.0.1 5000 0
    costs tls 127.0.0.1 "$tls_bytes" 22000
fi
finish_checks
