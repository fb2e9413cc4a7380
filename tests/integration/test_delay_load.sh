#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The command loads libpq, libcurl and libssl when it first needs them: with broken ones in the way, it
# does what needs none, and reports the others before anything is begun.  Needs no cluster.
# usage: test_delay_load.sh DSQL SONAME-OF-LIBPQ SONAME-OF-LIBCURL SONAME-OF-LIBSSL
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
DSQL=$1
libpq=$2
libcurl=$3
libssl=$4
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-delay-load.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
host=foo0bar1baz2quux3quuux4abc.dsql.us-east-1.on.aws

mkdir "$scratch/broken" "$scratch/old" "$scratch/without_tls"
echo "not a library" >"$scratch/broken/$libpq"
echo "not a library" >"$scratch/broken/$libcurl"
echo "not a library" >"$scratch/broken/$libssl"
echo "not a library" >"$scratch/without_tls/$libssl"
echo "int PQlibVersion(void); int PQlibVersion(void) { return 90000; }" |
    cc -shared -fPIC -Wl,-soname,"$libpq" -o "$scratch/old/$libpq" -x c -

# with DIRECTORY ARGUMENT...: dsql with the libraries of that directory, and no settings of the user.
with() {
    libraries=$scratch/$1
    shift
    env -i PATH="$PATH" HOME="$scratch" AWS_EC2_METADATA_DISABLED=true ${AWS_KEYS:-} \
        LD_LIBRARY_PATH="$libraries" "$DSQL" "$@"
}
keys="AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret"

AWS_KEYS=$keys
succeeds "a token from keys needs none of them" with broken token "$host"
says "$host/?Action=DbConnectAdmin"
succeeds "nor does one as JSON" with broken token --output json "$host"
succeeds "nor --help" with broken --help
succeeds "nor a script for a shell" with broken completion bash
succeeds "nor the credentials" with broken credentials

fails "the version is that of libpq" with broken --version
says "dsql: could not load libpq: $scratch/broken/$libpq: "
says "; install version 15 or later (Debian: libpq5) [DSQL-909]"
equals "its exit status" "$status" 1
fails "an old libpq lacks functions" with old --version
says "undefined symbol: PQ"
fails "the proxy needs libssl" with without_tls proxy --state-dir "$scratch/without_tls" "$host"
says "dsql: could not load libssl: $scratch/without_tls/$libssl: "
says "; install the version of libcrypto (Debian: libssl3) [DSQL-909]"
fails "and so does libpq" with without_tls --version
says "dsql: could not load libpq: $scratch/without_tls/$libssl: "
fails "a login needs libpq" with broken exec "$host" -- true
says "[DSQL-909]"

for command in init start run dump restore; do
    case $command in
    run) set -- -- true ;;
    dump | restore) set -- --dir "$scratch/cluster" "$scratch/dump" ;;
    *) set -- --dir "$scratch/cluster" ;;
    esac
    fails "local $command does not begin" with broken local "$command" "$@"
    says "[DSQL-909]"
done
equals "what the commands have left behind" "$(ls "$scratch")" "broken
old
without_tls"

AWS_KEYS="AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/"
fails "credentials from the network need libcurl" with broken token "$host"
says "libcurl could not be initialised: $scratch/broken/$libcurl: "
says "[DSQL-123]"

finish_checks
