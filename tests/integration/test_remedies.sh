#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Breaks a login in the ways in which newcomers do, and looks whether the screen says what to do: that
# of a program with libdsql, of dsql doctor, and of dsql psql.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

# shellcheck disable=SC2016 # it is what the screen says
eval_env='run eval "$(dsql local env)"'
program() { "$BUILD/examples/example_preferred"; }
doctor() { "$DSQL" doctor; }
psql_says() { "$DSQL" psql -- -X -c 'SELECT 1'; }

# broken WHAT VARIABLE=VALUE... -- PROGRAM'S WORDS, DOCTOR'S WORDS, PSQL'S WORDS.  "VARIABLE=" unsets
# it.  "-" for words: that screen is not asked.
broken() {
    what=$1
    shift
    (
        while [ "$1" != -- ]; do
            name=${1%%=*}
            value=${1#*=}
            if [ -z "$value" ]; then unset "$name"; else export "$name=$value"; fi
            shift
        done
        shift
        ask program "$1"
        ask doctor "$2"
        ask psql_says "$3"
        exit "$failed"
    ) || fail_check "$what" "see above"
    checks=$((checks + 3))
}

failed=0
ask() {
    [ "$2" != - ] || return 0
    if output=$("$1" 2>&1); then
        echo "$what: $1 succeeds" >&2
        failed=1
    elif ! printf '%s\n' "$output" | grep -qF -- "$2"; then
        printf '%s: %s does not say "%s":\n%s\n' "$what" "$1" "$2" "$output" >&2
        failed=1
    fi
}

succeeds 'nothing is broken' program

broken 'no keys' AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= HOME=/nonexistent AWS_EC2_METADATA_DISABLED=true -- \
    'set the variables, or run "aws configure"' "run 'dsql credentials'" 'set the variables, or run "aws configure"'
broken 'expired credentials' AWS_SESSION_TOKEN=x AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z -- \
    'the AWS credentials (environment) have expired' "run 'dsql credentials'" 'have expired'
broken 'a secret key with a mistake' AWS_SECRET_ACCESS_KEY=mistake -- \
    'check the access key and the secret key' "-> run 'dsql credentials'" 'Check the secret access key'
broken 'keys of another account' AWS_ACCESS_KEY_ID=AKIAUNKNOWN00000000 -- \
    'check the access key and the secret key' "-> run 'dsql credentials'" 'Unknown access key'
broken 'a role that does not exist' CLUSTER_USER=nobody_mapped -- \
    'AWS IAM GRANT maps' '-> this is the cluster' 'is not authorized'
broken 'another cluster' CLUSTER_ENDPOINT=abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws -- \
    'check host and PGHOSTADDR' "$eval_env" 'does not match host name'
broken 'a cluster id without a region' CLUSTER_ENDPOINT=abcdefghijklmnopqrstuvwxyz AWS_REGION= AWS_EC2_METADATA_DISABLED=true -- \
    'AWS_REGION' '--region' 'AWS_REGION'
# A program waits for a server that may come back, which takes seconds.
broken 'a port that is closed' PGPORT=1 -- - "'dsql local status'" 'Connection refused'
broken 'no file of certificates' PGSSLROOTCERT=/nonexistent/ca.pem -- \
    'correct the file in ca_file or PGSSLROOTCERT' "$eval_env" 'PGSSLROOTCERT'
broken 'the certificates of the system' PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt -- \
    'set ca_file or PGSSLROOTCERT' "$eval_env" 'certificate verify failed'

fails 'no cluster named' env -u CLUSTER_ENDPOINT -u PGHOST "$DSQL" psql
says "$eval_env"

# A region is given where the name of the endpoint has another one.
fails 'a wrong region' "$DSQL" doctor --region eu-west-1
says 'but the region given is eu-west-1'
says '-> leave --region out'

# A clock that is off by an hour, if the machine can pretend that.
library=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
if [ -n "$library" ] && ! is_sanitized; then
    for offset in -1h +1h; do
        broken "a clock off by $offset" LD_PRELOAD="$library" FAKETIME="$offset" -- \
            'synchronize it (NTP)' '(NTP)' 'Signature'
    done
else
    echo 'left out: a clock that is off needs libfaketime (Debian: apt-get install libfaketime)'
fi

finish_checks
