#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The life of a local cluster: start, start again, kill -9 of the daemon, of PostgreSQL and of
# both, stop; and two clusters side by side.  Usage: local_lifecycle.sh DSQL
set -eu
dsql=$1
base=$(mktemp -d /tmp/dsql-life-XXXXXX)
chmod 0755 "$base"
one=$base/one
two=$base/two

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$dsql" local stop --dir "$one" >/dev/null 2>&1 || true
    "$dsql" local stop --dir "$two" >/dev/null 2>&1 || true
    rm -rf "$base"
}
trap clean_up EXIT

fail() {
    echo "FAILED: $*" >&2
    cat "$base/answer" >&2 || true
    tail -n 20 "$one/daemon.log" "$one/postgres.log" >&2 || true
    exit 1
}

# refused DIR: how many connections PostgreSQL has refused because it was starting.
refused() {
    grep -c 'FATAL:  the database system is starting up' "$1/postgres.log" || true
}

# field NAME: the value in the JSON object on stdin.
field() {
    sed -n "s/.*\"$1\": \"\{0,1\}\([^,\"}]*\).*/\1/p"
}

daemon_pid() {
    "$dsql" local status --dir "$1" --output json | field pid
}

# True if no process has the directory in its command line.
is_nothing_left() {
    # shellcheck disable=SC2009 # pgrep -f would find this script
    ! ps -eo args | grep -F -- "-D $1/data" | grep -vq grep
}

# A command that needs an answer from PostgreSQL.
answers() {
    "$dsql" local iam list --dir "$1" >"$base/answer" 2>&1
}

wait_until_it_answers() {
    tries=0
    until answers "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "$1 does not answer"
        sleep 0.05
    done
}

# kill_and_wait PID...: SIGKILL, then wait until the daemon of the first cluster has ended.
kill_and_wait() {
    kill -9 "$@"
    tries=0
    while "$dsql" local status --dir "$one" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "kill -9 does not end the daemon"
        sleep 0.05
    done
}

"$dsql" local status --dir "$one" >/dev/null 2>&1 && fail "status before the first start"

"$dsql" local start --dir "$one" --port 0 --output json >"$base/out" || fail "first start"
[ "$(field port <"$base/out")" -gt 0 ] || fail "no port in $(cat "$base/out")"
endpoint=$(field endpoint <"$base/out")
answers "$one" || fail "started, but does not answer"
[ "$(stat -c %a "$one/secret/identities.json")" = 600 ] || fail "other users can read identities.json"
[ "$(stat -c %a "$one/ca.pem")" = 644 ] || fail "other users cannot read ca.pem"

pid=$(daemon_pid "$one")
"$dsql" local start --dir "$one" 2>"$base/err" >/dev/null || fail "second start"
grep -q 'already running' "$base/err" || fail "the second start does not say so"
[ "$(daemon_pid "$one")" = "$pid" ] || fail "the second start started something"
"$dsql" local start --dir "$one" --inject-conflicts 0.5 2>"$base/err" >/dev/null || fail "third start"
grep -q 'sys.inject_conflicts' "$base/err" || fail "a start that injects no conflicts does not say so"
"$dsql" local start --dir "$base/three" --extension-dir /nonexistent 2>"$base/err" && fail "start without the extension"
[ "$(grep -c 'there is no dsql_local.so' "$base/err")" = 1 ] || fail "the error is printed twice: $(cat "$base/err")"

(
    CLUSTER_USER='' && eval "$("$dsql" local env --dir "$one" --user app)"
    [ "$CLUSTER_USER" = app ] && [ "$CLUSTER_ENDPOINT" = "$endpoint" ] && [ -r "$PGSSLROOTCERT" ]
) || fail "env"

# Another user is told whose cluster it is, and not that there is none.
if [ "$(id -u)" -eq 0 ]; then
    owner=$(stat -c %U "$one")
    for command in start stop status env logs 'iam list' 'iam grant app' destroy; do
        # shellcheck disable=SC2086 # a command and its arguments
        setpriv --reuid=nobody --regid=nogroup --clear-groups -- \
            "$dsql" local $command --dir "$one" >"$base/out" 2>"$base/err" &&
            grep -qv '^running on port' "$base/out" && fail "$command as another user"
        [ "$command" = status ] && grep -q '^running on port' "$base/out" && continue
        grep -q "permission denied: the cluster in .* belongs to user $owner" "$base/err" ||
            fail "$command as another user: $(cat "$base/out" "$base/err")"
    done
    answers "$one" || fail "another user has stopped the cluster"
else
    echo "skipped: the commands of another user, which need root"
fi
[ "$("$dsql" local status --dir "$one" --output json | field phase)" = running ] || fail "phase"

"$dsql" local iam grant app --dir "$one" || fail "iam grant"
"$dsql" local iam list --dir "$one" | grep -q '^app arn:aws:iam::' || fail "iam list"

"$dsql" local start --dir "$two" --port 0 >/dev/null || fail "a second cluster"
answers "$two" || fail "the second cluster does not answer"
[ -z "$("$dsql" local iam list --dir "$two")" ] || fail "the two share something"

kill_and_wait "$pid"
"$dsql" local start --dir "$one" --port 0 >/dev/null || fail "start after kill -9 of the daemon"
answers "$one" || fail "does not answer after kill -9 of the daemon"
"$dsql" local iam list --dir "$one" | grep -q '^app ' || fail "lost what was committed"

kill -9 "$(head -n 1 "$one/data/postmaster.pid")"
wait_until_it_answers "$one"

kill_and_wait "$(daemon_pid "$one")" "$(head -n 1 "$one/data/postmaster.pid")"
before=$(refused "$one")
"$dsql" local start --dir "$one" --port 0 >/dev/null || fail "start after kill -9 of both"
[ "$(refused "$one")" = "$before" ] || fail "a start connected before PostgreSQL was ready"
answers "$one" || fail "does not answer after kill -9 of both"
[ "$("$dsql" local status --dir "$one" --output json | field endpoint)" = "$endpoint" ] ||
    fail "another endpoint"

"$dsql" local stop --dir "$one" || fail "stop"
is_nothing_left "$one" || fail "stop left something running"
answers "$two" || fail "stopping one stopped the other"
"$dsql" local stop --dir "$one" || fail "stop when stopped"
"$dsql" local destroy --dir "$two" || fail "destroy"
[ ! -e "$two" ] || fail "destroy left files"
is_nothing_left "$two" || fail "destroy left something running"
echo "lifecycle: ok"
