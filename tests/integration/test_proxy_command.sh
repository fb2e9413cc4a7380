#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# `dsql proxy` as people start it: from the ready lines to the drain, with its other commands.  What
# passes through it is tested elsewhere.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
. "$(dirname "$0")/proxy.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"


forget_cluster

# begin ARGUMENTS...: starts a proxy and waits for it.
begin() {
    "$DSQL" proxy "$@" >"$scratch/out" 2>"$scratch/log" &
    proxy=$!
    succeeds "proxy $*" "$DSQL" proxy wait --timeout 30
}
# end SIGNAL: stops it; its exit status is in $status.
end() {
    kill "-$1" "$proxy"
    status=0
    wait "$proxy" || status=$?
    proxy=""
}
url() { "$DSQL" proxy env --output url "$@"; }
log_has() {
    checks=$((checks + 1))
    grep -q "$1" "$scratch/log" || fail_check "the log has no '$1'" "$(cat "$scratch/log")"
}
# port_of URL
port_of() { expr "$1" : '.*:\([0-9]*\)/'; }

fails 'no proxy, no status' "$DSQL" proxy status
says 'no proxy is running'
fails 'no proxy, no end of waiting' "$DSQL" proxy wait --timeout 0
equals 'status' "$status" 3
fails 'no cluster' "$DSQL" proxy
equals 'status' "$status" 2
says 'no cluster given'
fails 'a word that does not exist' "$DSQL" proxy 'host?prot=1'
equals 'status' "$status" 2
says 'unknown word "prot"'
fails 'trust for everybody' "$DSQL" proxy "$cluster" --listen 0.0.0.0 --tls-cert x --tls-key y --auth trust
equals 'status' "$status" 2
says 'loopback addresses only'

# ---- With the defaults ----
begin "$cluster" --http 0
output=$(cat "$scratch/out")
what='ready lines'
says "?host=$XDG_RUNTIME_DIR/dsql&port="
says "password in $XDG_STATE_HOME/dsql/proxy/password"
password=$(sed -n 's/^"\*" "\(.*\)"$/\1/p' "$XDG_STATE_HOME/dsql/proxy/password")
equals 'length of the password' "${#password}" 43
equals 'the password is not in a file' "$(grep -cF "$password" "$scratch/out" "$scratch/log" | tr '\n' ' ')" \
    "$scratch/out:0 $scratch/log:0 "
equals 'mode of the password' "$(stat -c %a "$XDG_STATE_HOME/dsql/proxy/password")" 600
equals 'mode of the state' "$(stat -c %a "$XDG_STATE_HOME/dsql/proxy")" 700

succeeds 'Unix socket' psql "$(url)" -Atc 'SELECT current_user'
equals 'role' "$output" admin
tcp=$(url --tcp)
succeeds 'TCP' psql "$tcp" -Atc 'SELECT 1'
fails 'wrong password' psql "postgresql://admin:wrong@127.0.0.1:$(port_of "$tcp")/postgres" -Atc 'SELECT 1'
says 'password authentication failed'
fails 'no such user, the same words' psql "postgresql://nobody:wrong@127.0.0.1:$(port_of "$tcp")/postgres" -c ''
says 'password authentication failed'
# shellcheck disable=SC2016 # the inner shell expands it
succeeds 'environment' sh -c 'eval "$("$DSQL" proxy env)" && psql -Atc "SELECT 1"'
# shellcheck disable=SC2016
succeeds 'environment for TCP' sh -c 'eval "$("$DSQL" proxy env --tcp)" && psql -Atc "SELECT 1"'

succeeds 'status' "$DSQL" proxy status
says ' ready '
succeeds 'status as JSON' "$DSQL" proxy status --output json
says '"clients_accepted": 4'
says '"clients_refused": 2'
case $output in *"$password"*) fail_check 'a password in the status' ;; esac
fails 'another port' "$DSQL" proxy status --port 1
fails 'a second proxy on the same port' "$DSQL" proxy "$(printf '%s' "$cluster" | sed "s/port=0/port=$(port_of "$tcp")/")" --state-dir "$scratch/other"
says 'could not listen'
says "Choose another port with 'HOST?port=N'"
end TERM
equals 'status after SIGTERM' "$status" 0
log_has 'draining'
log_has 'connection ended: 28P01 '
equals 'lines of the log that end in a blank' "$(grep -c ' $' "$scratch/log" || true)" 0
equals 'sockets that are left' "$(find "$scratch/run" "$scratch/state" -type s)" ''

# ---- With a file of users, TLS, JSON, the environment and a configuration file ----
printf '"app" "first"\n' >"$scratch/users"
chmod 600 "$scratch/users"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
cat >"$scratch/proxy.conf" <<END
# of the test
cluster $cluster&user=admin
password-file $scratch/users
log-format json
tls-cert $scratch/cert.pem
tls-key $scratch/key.pem
drain 3600
END
DSQL_PROXY_DRAIN=1
export DSQL_PROXY_DRAIN
begin --config "$scratch/proxy.conf" --socket-dir none
port=$(port_of "$(url --tcp)")
login="host=localhost hostaddr=127.0.0.1 port=$port user=app dbname=postgres sslmode=verify-full sslrootcert=$scratch/cert.pem channel_binding=require"
succeeds 'TLS with channel binding' env PGPASSWORD=first psql "$login" -Atc 'SELECT current_user'
equals 'role of the settings' "$output" admin
printf '"app" "second"\n' >"$scratch/users"
kill -HUP "$proxy"
tries=0
while ! PGPASSWORD=second psql "$login" -c '' >/dev/null 2>&1 && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
done
fails 'the earlier password' env PGPASSWORD=first psql "$login" -c ''
printf 'not a line\n' >"$scratch/users"
kill -HUP "$proxy"
tries=0
while ! grep -q 'the users are unchanged' "$scratch/log" && [ "$tries" -lt 1000 ]; do
    tries=$((tries + 1))
done
log_has '"level":"error","message":"the users are unchanged: the password file'
succeeds 'the password before the mistake' env PGPASSWORD=second psql "$login" -c ''
case $(cat "$scratch/log") in *first* | *second*) fail_check 'a password in the log' ;; esac

# A transaction that does not end is cut after the drain.
(
    printf 'BEGIN;\nSELECT 1;\n'
    sleep 30
) | PGPASSWORD=second psql "$login" -At >"$scratch/psql.out" 2>"$scratch/psql.err" &
client=$!
tries=0
while ! grep -q 1 "$scratch/psql.out" && [ "$tries" -lt 1000 ]; do
    tries=$((tries + 1))
done
end TERM
equals 'status after the drain' "$status" 0
kill "$client" 2>/dev/null || true

# ---- Transaction mode: four clients, one connection ----
if command -v pgbench >/dev/null; then
    echo 'SELECT :client_id' >"$scratch/select.sql"
    begin "$cluster&max_servers=1" --pool-mode transaction --retries 3
    succeeds 'four clients on one connection' \
        pgbench -n -f "$scratch/select.sql" -c 4 -t 25 -M prepared "$(url)"
    says '100/100'
    succeeds 'status of one connection' "$DSQL" proxy status --output json
    says '"pool_mode": "transaction"'
    says '"connects": 1,'
    end TERM
    begin "$cluster&min_idle=3" --pool-mode transaction
    succeeds 'one client' psql "$(url)" -Xc ''
    tries=0
    ready=0
    while [ "$ready" -lt 3 ] && [ "$tries" -lt 500 ]; do
        ready=$("$DSQL" proxy status --output json | grep -o '"servers_idle": [0-9]*' | cut -d ' ' -f 2)
        tries=$((tries + 1))
    done
    checks=$((checks + 1))
    [ "$ready" -ge 3 ] || fail_check 'connections that are kept ready' "$ready"
    end TERM
fi

# ---- Conflicts, in both modes ----
unset DSQL_PROXY_DRAIN
direct() { (eval "$("$DSQL" local env --dir "$CLUSTER_DIR")" && sql "$1"); }
# counter NAME: one of the numbers of the status.
counter() { "$DSQL" proxy status --output json | sed -n "s/.*\"$1\": \([0-9]*\),.*/\1/p"; }
for mode in session transaction; do
    begin "$cluster" --pool-mode "$mode" --retries 20
    direct "DROP TABLE IF EXISTS visits" 2>/dev/null
    direct 'CREATE TABLE visits (page int PRIMARY KEY, count int)'
    direct 'INSERT INTO visits VALUES (1, 0)'
    direct "SELECT sys.inject_conflicts(0.5, relation => 'visits', seed => 7)" >/dev/null
    cat >"$scratch/visits.sql" <<'SQL'
\set ON_ERROR_STOP on
UPDATE visits SET count = count + 1 WHERE page = 1;
UPDATE visits SET count = count + $1 WHERE page = 1 \bind 1 \g
UPDATE visits SET count = count + 1 WHERE page = 1;
UPDATE visits SET count = count + 1 WHERE page = 1;
UPDATE visits SET count = count + 1 WHERE page = 1;
UPDATE visits SET count = count + 1 WHERE page = 1;
UPDATE visits SET count = count + 1 WHERE page = 1;
UPDATE visits SET count = count + 1 WHERE page = 1;
SQL
    # shellcheck disable=SC2016 # it is psql's
    psql --version | grep -q ' 15\.' && sed -i 's/\$1\(.*\) \\bind 1 \\g/1\1;/' "$scratch/visits.sql"
    succeeds "$mode: statements with conflicts" psql -X -qf "$scratch/visits.sql" "$(url)"
    equals "$mode: each was done once" "$(direct 'SELECT count FROM visits')" 8
    [ "$(counter retries_succeeded)" -gt 0 ] || fail_check "$mode: nothing was retried"
    direct "SELECT sys.inject_conflicts(1, relation => 'visits')" >/dev/null
    fails "$mode: a block" psql -X -q -v ON_ERROR_STOP=1 "$(url)" -c 'BEGIN' \
        -c 'UPDATE visits SET count = 0' -c 'COMMIT'
    says 'OC000'
    equals "$mode: it was not run again" "$(counter retries_not_allowed)" 1
    equals "$mode: and is undone" "$(direct 'SELECT count FROM visits')" 8
    direct "SELECT sys.inject_conflicts(NULL, relation => 'visits')" >/dev/null
    end TERM
done
begin "$cluster" --retries 0
direct "SELECT sys.inject_conflicts(1, relation => 'visits')" >/dev/null
fails 'no retries' psql -X -q "$(url)" -c 'UPDATE visits SET count = 0'
says 'OC000'
direct "SELECT sys.inject_conflicts(NULL, relation => 'visits')" >/dev/null
end TERM

# ---- Other users of the system ----
if [ "$(id -u)" -eq 0 ] && id nobody >/dev/null 2>&1 && command -v setpriv >/dev/null; then
    chmod 711 "$scratch"
    mkdir "$scratch/shared" "$scratch/closed"
    chmod 711 "$scratch/shared" "$scratch/closed"
    as_nobody() { setpriv --reuid=nobody --clear-groups env HOME=/ "$@"; }
    begin "$cluster" --socket-dir "$scratch/shared" --socket-users nobody
    succeeds 'a user in the list' as_nobody psql "$(url)" -Atc 'SELECT 1'
    end TERM
    begin "$cluster" --socket-dir "$scratch/closed"
    fails 'a user who is not in the list' as_nobody psql "$(url)" -Atc 'SELECT 1'
    says 'Permission denied'
    chmod 666 "$scratch"/closed/.s.PGSQL.*
    fails 'nor with a socket that is open to all' as_nobody psql "$(url)" -Atc 'SELECT 1'
    end TERM
fi

printf '"app" "second"\n' >"$scratch/users"
chmod 644 "$scratch/users"
fails 'users that others can read' "$DSQL" proxy --config "$scratch/proxy.conf"
equals 'status' "$status" 2
says 'can be read by other users'

finish_checks
