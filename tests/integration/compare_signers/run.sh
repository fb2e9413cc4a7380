#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# usage: run.sh COMPARE_SIGNERS: our tokens against those of AWS's JavaScript signer.
set -u
here=$(dirname "$0")
command -v node >/dev/null || { echo "skipped: no node"; exit 77; }
tokens=$(mktemp) || exit 1
trap 'rm -f "$tokens"' EXIT
node "$here/make_tokens.mjs" >"$tokens"
status=$?
[ "$status" -eq 0 ] || exit "$status"
"$1" <"$tokens"
