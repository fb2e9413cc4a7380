#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The logs of a running cluster stay small, and nothing is written to a file that is gone.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=sql.sh
. "$(dirname "$0")/sql.sh"

size() { stat -c %s "$1"; }

# The check must not come while the test is writing: what comes after it would stay.
daemon=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$CLUSTER_DIR/state.json")
kill -STOP "$daemon"
for log in postgres daemon; do
    file=$CLUSTER_DIR/$log.log
    yes "filler of $log" | head -n 1500000 >>"$file"
    echo "the last line of $log" >>"$file"
done
kill -CONT "$daemon"
for log in postgres daemon; do
    file=$CLUSTER_DIR/$log.log
    tries=0
    until [ "$(size "$file")" -lt 100000 ] || [ "$tries" -ge 60 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    [ "$tries" -lt 60 ] || fail_check "$log.log still has $(size "$file") bytes"
    [ "$(size "$file.1")" -le 16777216 ] || fail_check "$log.log.1 has $(size "$file.1") bytes"
    equals "the last line of $log" "$(cat "$file.1" "$file" | grep -ac "the last line of $log")" 1
    equals "the mode of $log.log.1" "$(stat -c '%a %U' "$file.1")" "600 $(stat -c %U "$file")"
done

fails 'a statement that is logged' sql 'SELECT nonsense_after_rotation'
succeeds 'it is in the log' grep -a nonsense_after_rotation "$CLUSTER_DIR/postgres.log"
equals 'bytes before the first line' "$(head -c 100000 "$CLUSTER_DIR/postgres.log" | tr -cd '\0' | wc -c)" 0
"$DSQL" local logs --dir "$CLUSTER_DIR" >"$CLUSTER_DIR/../shown"
for line in 'the last line of daemon' 'the last line of postgres' nonsense_after_rotation; do
    succeeds "dsql local logs shows $line" grep -qa "$line" "$CLUSTER_DIR/../shown"
done
finish_checks
