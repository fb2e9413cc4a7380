#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Our tokens against those of AWS's JavaScript signer, which npm installs into DIRECTORY, once: the
# versions and hashes in package-lock.json, without running a script of a package.
# DSQL_TEST_NODE_MODULES may name a node_modules folder that has it already.
# usage: run.sh COMPARE_SIGNERS DIRECTORY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
compare=$1
scratch=$2

skip() {
    echo "skipped: $1"
    exit 77
}

install_signer() {
    command -v npm >/dev/null || skip 'needs npm (Debian: apt-get install npm)'
    rm -rf "$scratch.new"
    mkdir -p "$scratch.new"
    cp "$here/package.json" "$here/package-lock.json" "$scratch.new/"
    timeout 180 npm ci --prefix "$scratch.new" --ignore-scripts --no-audit --no-fund \
        >"$scratch.log" 2>&1 || skip "npm could not install @aws-sdk/dsql-signer; see $scratch.log"
    rm -rf "$scratch"
    mv "$scratch.new" "$scratch"
}

command -v node >/dev/null || skip 'needs node 18 or later (Debian: apt-get install nodejs npm)'
if [ -z "${DSQL_TEST_NODE_MODULES:-}" ]; then
    DSQL_TEST_NODE_MODULES=$scratch/node_modules
    cmp -s "$here/package-lock.json" "$scratch/package-lock.json" || install_signer
fi
export DSQL_TEST_NODE_MODULES
tokens=$(mktemp)
trap 'rm -f "$tokens"' EXIT
node "$here/make_tokens.mjs" >"$tokens"
"$compare" <"$tokens"
