# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# What the tests of `dsql proxy` share, to be sourced after check.sh: a directory of its own in
# $scratch, the cluster in the proxy's words in $cluster, and a clean end.  A test sets $proxy to
# its process, and redefines finish_more() if it has more to end than that.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-proxy.XXXXXX")
proxy=""
finish_more() { :; }
finish() {
    finish_more
    [ -z "$proxy" ] || kill -KILL "$proxy" 2>/dev/null || true
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM
XDG_STATE_HOME=$scratch/state
XDG_RUNTIME_DIR=$scratch/run
export XDG_STATE_HOME XDG_RUNTIME_DIR
# shellcheck disable=SC2034 # for the tests
cluster="$CLUSTER_ENDPOINT?port=0&server_port=$PGPORT&hostaddr=$PGHOSTADDR&sslrootcert=$PGSSLROOTCERT"

# From here on the proxy finds the cluster by those words alone.
forget_cluster() { unset CLUSTER_ENDPOINT CLUSTER_USER PGHOSTADDR PGPORT PGSSLROOTCERT; }
