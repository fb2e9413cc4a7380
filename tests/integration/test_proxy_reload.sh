#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A running proxy that reads its clusters again, and one that a service manager has started.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
. "$(dirname "$0")/proxy.sh"

client=""
manager=""
finish_more() {
    service=$("$DSQL" proxy status --output json 2>/dev/null | grep -o '"pid": [0-9]*' | cut -d ' ' -f 2) || service=""
    for process in $proxy $client $manager $service; do
        kill -KILL "$process" 2>/dev/null || true
    done
}

words="server_port=$PGPORT&hostaddr=$PGHOSTADDR&sslrootcert=$PGSSLROOTCERT"
endpoint=$CLUSTER_ENDPOINT
forget_cluster

# until_log TEXT: waits for a line of the log.
until_log() {
    tries=0
    while ! grep -q "$1" "$scratch/log" && [ "$tries" -lt 2000 ]; do
        tries=$((tries + 1))
    done
    checks=$((checks + 1))
    grep -q "$1" "$scratch/log" || fail_check "the log has no '$1'" "$(cat "$scratch/log")"
}
# reload TEXT: sends SIGHUP and waits for the line.
reload() {
    : >"$scratch/log"
    kill -HUP "$proxy"
    until_log "$1"
}
url_of() { "$DSQL" proxy env --output url --port "$1"; }
ports() { "$DSQL" proxy status --output json | grep -o '"port": [0-9]*' | cut -d ' ' -f 2; }

# ---- Clusters come, change and go ----
echo "cluster $endpoint?port=0&$words" >"$scratch/proxy.conf"
"$DSQL" proxy --config "$scratch/proxy.conf" --drain 1 >/dev/null 2>>"$scratch/log" &
proxy=$!
succeeds 'a proxy' "$DSQL" proxy wait --timeout 30
first=$(ports)
first_url=$(url_of "$first")
mkfifo "$scratch/in"
psql "$first_url" -X -At <"$scratch/in" >"$scratch/out" 2>&1 &
client=$!
exec 9>"$scratch/in"
echo 'SELECT 11111;' >&9

reload 'the clusters were read again: 0 added, 0 changed, 0 removed'
echo "cluster $endpoint?port=0&dbname=postgres&$words" >>"$scratch/proxy.conf"
reload 'the clusters were read again: 1 added, 0 changed, 0 removed'
second=$(ports | grep -v "^$first\$")
succeeds 'the first cluster' psql "$first_url" -X -Atc 'SELECT 1'
succeeds 'the second cluster' psql "$(url_of "$second")" -X -Atc 'SELECT 1'

# A port that is used already, and a word that does not exist: nothing changes.
cp "$scratch/proxy.conf" "$scratch/good.conf"
echo "cluster $endpoint?port=$second&$words" >>"$scratch/proxy.conf"
reload 'the clusters are unchanged: could not listen on'
echo "cluster $endpoint?prot=1" >"$scratch/proxy.conf"
reload 'the clusters are unchanged: .*unknown word'
equals 'ports' "$(ports | tr '\n' ' ')" "$first $second "
succeeds 'the first cluster, still' psql "$first_url" -X -Atc 'SELECT 1'

# The port stays, the settings do not: new clients get the new ones.
mv "$scratch/good.conf" "$scratch/proxy.conf"
sed -i "1s/.*/cluster $endpoint?port=$first\&user=nobody_at_all\&$(printf '%s' "$words" | sed 's/[&/]/\\&/g')/" "$scratch/proxy.conf"
reload 'the clusters were read again: 0 added, 1 changed, 0 removed'
until_log 'terminating connection due to administrator command'
echo 'SELECT 22222;' >&9
exec 9>&-
wait "$client" || true
client=""
output=$(cat "$scratch/out")
what='the session of the cluster that is gone'
says '11111'
says 'terminating connection due to administrator command'
case $output in *22222*) fail_check "$what goes on" "$output" ;; esac
fails 'a role that does not exist' psql "$(url_of "$first")" -X -Atc 'SELECT 1'
sed -i "s/user=nobody_at_all/user=admin/" "$scratch/proxy.conf"
reload 'the clusters were read again: 0 added, 1 changed, 0 removed'
succeeds 'a role that does' psql "$first_url" -X -Atc 'SELECT current_user'
sed -i 1d "$scratch/proxy.conf"
reload 'the clusters were read again: 0 added, 0 changed, 1 removed'
fails 'the port is closed' psql "$first_url" -X -Atc 'SELECT 1'
succeeds 'the second cluster, still' psql "$(url_of "$second")" -X -Atc 'SELECT 1'
kill -TERM "$proxy"
wait "$proxy" || true
proxy=""

# ---- The sockets of a service manager ----
python=${PYTHON:-/usr/bin/python3}
if ! command -v "$python" >/dev/null; then
    echo "left out: the service manager (Debian: python3-minimal)"
    finish_checks
    exit
fi
cat >"$scratch/manager.py" <<'END'
# Opens the sockets that are named, starts the proxy with them, and prints what it reports.
import os, signal, socket, sys
directory, port_file = sys.argv[1:3]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(directory + "/notify")
tcp = socket.socket()
tcp.bind(("127.0.0.1", 0))
port = tcp.getsockname()[1]
local = socket.socket(socket.AF_UNIX)
local.bind("%s/.s.PGSQL.%d" % (directory, port))
child = os.fork()
if child == 0:
    for i, s in enumerate((tcp, local)):
        s.listen(10)
        os.dup2(s.fileno(), 20 + i)
    for i in range(2):
        os.dup2(20 + i, 3 + i)
        os.set_inheritable(3 + i, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", NOTIFY_SOCKET=directory + "/notify")
    os.execvp(sys.argv[3], [a.replace("PORT", str(port)) for a in sys.argv[3:]])
def expect(word):
    text = ""
    while word not in text:
        text = notify.recv(4096).decode()
    print(text.replace("\n", " "), flush=True)
expect("READY=1")
with open(port_file, "w") as f:
    f.write("%d\n" % port)
os.kill(child, signal.SIGHUP)
expect("RELOADING=1")
expect("READY=1")
expect("STOPPING=1")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END
mkfifo "$scratch/port"
"$python" "$scratch/manager.py" "$scratch" "$scratch/port" "$DSQL" proxy "$endpoint?port=PORT&$words" \
    --socket-dir "$scratch" >"$scratch/reports" 2>"$scratch/log" &
manager=$!
read -r port <"$scratch/port"
succeeds 'through the Unix socket of the manager' psql "host=$scratch port=$port user=admin dbname=postgres" -X -Atc 'SELECT 1'
succeeds 'through its TCP socket' psql "$("$DSQL" proxy env --tcp --output url)" -X -Atc 'SELECT 1'
kill -TERM "$("$DSQL" proxy status --output json | grep -o '"pid": [0-9]*' | cut -d ' ' -f 2)"
status=0
wait "$manager" || status=$?
manager=""
equals 'exit status' "$status" 0
equals 'the reports' "$(grep '^[A-Z]*=1' "$scratch/reports" | cut -d ' ' -f 1 | tr '\n' ' ')" 'READY=1 RELOADING=1 READY=1 STOPPING=1 '
equals 'the time of the reload' "$(grep -c '^RELOADING=1 MONOTONIC_USEC=[0-9]* ' "$scratch/reports")" 1
equals 'the socket of the manager stays' "$(find "$scratch" -maxdepth 1 -name ".s.PGSQL.$port")" "$scratch/.s.PGSQL.$port"
finish_checks
