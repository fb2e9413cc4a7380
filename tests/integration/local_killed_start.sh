#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# kill -9 of the first start, and of its daemon, at each change that it makes to the file system:
# the next start completes the cluster.  Once where there is no template of a data directory, so
# that one is made, and once where there is one.
# Usage: local_killed_start.sh DSQL KILL_AT_STEP.so [EVERY]    (EVERY: only each EVERYth step)
set -eu
dsql=$1
preload=$2
every=${3:-1}
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
base=$(mktemp -d /tmp/dsql-killed-XXXXXX)
chmod 0755 "$base"
dir=$base/cluster
export XDG_CACHE_HOME="$base/cache"

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$dsql" local stop --dir "$dir" >/dev/null 2>&1 || true
    rm -rf "$base"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

start() { "$dsql" local start --dir "$dir" --port 0; }

# start_killed STEP: fails unless there are fewer steps.
start_killed() {
    DSQL_TEST_KILL_AT=$1 LD_PRELOAD=$preload "$dsql" local start --dir "$dir" --port 0
}

logs_in() {
    (eval "$("$dsql" local env --dir "$dir")" && "$dsql" psql -- -XAtc 'SELECT 1')
}

# kill_at_each_step BEFORE: BEFORE is run before each start that is killed.
kill_at_each_step() {
    step=1
    while "$1" && ! output=$(start_killed "$step" 2>&1); do
        succeeds "$1, killed at step $step, then started" start
        equals "$1, killed at step $step: login" "$(logs_in 2>&1)" 1
        succeeds "$1, killed at step $step: destroy" "$dsql" local destroy --dir "$dir"
        [ ! -e "$dir" ] || fail_check "$1, killed at step $step: destroy left files"
        step=$((step + every))
        [ "$step" -lt 200 ] || {
            fail_check 'the start never succeeds' "$output"
            break
        }
    done
    [ "$step" -gt 20 ] || fail_check "there were $step steps only: are they counted?"
    succeeds 'destroy' "$dsql" local destroy --dir "$dir"
}
without_template() { rm -rf "$XDG_CACHE_HOME"; }
with_template() { [ -n "$(ls "$XDG_CACHE_HOME"/dsql/templates-*/*/digest)" ]; }
kill_at_each_step without_template
kill_at_each_step with_template

# And destroy right after the kill, of whatever is there.
for step in 2 4 6 8 12; do
    [ ! -e "$dir" ] || succeeds 'destroy' "$dsql" local destroy --dir "$dir"
    start_killed "$step" >/dev/null 2>&1 || true
    [ ! -e "$dir" ] || "$dsql" local destroy --dir "$dir" >"$base/out" 2>&1 ||
        grep -q 'there is no cluster' "$base/out" || fail_check "destroy after step $step" "$(cat "$base/out")"
    start >/dev/null 2>&1 || fail_check "start after destroy after step $step"
done
finish_checks
