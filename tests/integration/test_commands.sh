#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# dsql exec, credentials and doctor: what they do, and what they say when it fails.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

succeeds 'exec runs a program' "$DSQL" exec -- psql -Atc 'SELECT current_user'
equals 'logged in' "$output" admin
# shellcheck disable=SC2016 # the inner shell expands it
succeeds 'exec takes a service away' env PGSERVICE=elsewhere "$DSQL" exec -- sh -c 'echo "${PGSERVICE-none}"'
equals 'PGSERVICE' "$output" none
# shellcheck disable=SC2016
succeeds 'exec keeps the token out of argv' "$DSQL" exec -- sh -c 'tr "\0" " " </proc/$$/cmdline'
case $output in *X-Amz*) fail_check 'a token in argv' ;; esac
fails 'exec of nothing' "$DSQL" exec
equals 'status' "$status" 2
says 'no program given'
fails 'exec of a missing program' "$DSQL" exec -- no-such-program
equals 'status' "$status" 127
says 'not in PATH'
fails 'exec passes the status on' "$DSQL" exec -- sh -c 'exit 42'
equals 'status' "$status" 42

succeeds 'credentials' "$DSQL" credentials
says "$AWS_ACCESS_KEY_ID"
says 'not asked'
case $output in *"$AWS_SECRET_ACCESS_KEY"*) fail_check 'a secret on the screen' ;; esac
succeeds 'credentials as JSON' "$DSQL" credentials --output json
says '"verdict": "found"'
fails 'credentials without any' env -u AWS_ACCESS_KEY_ID HOME=/nonexistent AWS_EC2_METADATA_DISABLED=true "$DSQL" credentials
equals 'status' "$status" 3
says 'not configured'

succeeds 'doctor' "$DSQL" doctor
says 'SELECT 1'
succeeds 'doctor as JSON' "$DSQL" doctor --output json
says '"step": "query"'
case $output in *"$AWS_SECRET_ACCESS_KEY"* | *X-Amz-Signature*) fail_check 'a secret on the screen' ;; esac

# sick STATUS STEP COMMAND...: the doctor finds that step.
sick() {
    expected=$1
    step=$2
    shift 2
    fails "doctor: $step" "$@" "$DSQL" doctor
    equals "status for $step" "$status" "$expected"
    says "$step"
    says failed
    says '->'
}
sick 10 credentials env -u AWS_SECRET_ACCESS_KEY HOME=/nonexistent AWS_EC2_METADATA_DISABLED=true
# The network does not depend on credentials: only the token and what needs it are skipped.
says 'connected'
says 'certificate by'
says 'token        skipped  because credentials failed'
says 'login        skipped  because credentials failed'
sick 11 endpoint env CLUSTER_ENDPOINT='not a name'
sick 12 dns env -u PGHOSTADDR CLUSTER_ENDPOINT=abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.invalid AWS_REGION=us-east-1
sick 13 tcp env PGPORT=1
says '[DSQL-302]'
says 'port 1 of 127.0.0.1'
says 'dsql local status'
sick 14 tls env PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt
sick 17 login env CLUSTER_USER=nobody_mapped
says 'AWS IAM GRANT'
says '[DSQL-501]'
fails 'doctor as JSON, of a closed port' env PGPORT=1 "$DSQL" doctor --output json
says '"code": "DSQL-302"'
says '"code": null'

# What explains an error: its code, in any spelling, or its text.
fails 'an error ends with its code' "$DSQL" token --host 'not a name'
says ' [DSQL-201]'
error=$output
for word in DSQL-201 dsql-201 201 "$error"; do
    succeeds "explain $word" "$DSQL" explain "$word"
    says 'DSQL-201: The host is not a DNS name'
    says 'Remedy. '
    says '  the host name contains a space or control character'
done
succeeds 'explain a message of libpq' "$DSQL" explain 'server closed the connection unexpectedly'
says 'DSQL-306'
succeeds 'explain a message of the service' "$DSQL" explain 'FATAL:  unable to accept connection, access denied'
says 'DSQL-501'
succeeds 'explain a message with its hint' "$DSQL" explain 'psql: error: FATAL:  unable to accept connection, access denied
HINT:  Wrong user to action mapping. user: admin, action: DbConnect'
says 'DSQL-503'
for word in DSQL-999 DSQL- 20 '' 'nothing that anybody has said'; do
    fails "explain '$word'" "$DSQL" explain "$word"
    equals 'status' "$status" 1
    says 'there is no entry'
done
fails 'explain nothing' "$DSQL" explain
equals 'status' "$status" 2

fails 'an option of psql before --' "$DSQL" psql -c 'SELECT 1'
equals 'status' "$status" 2
says 'write -- before'

# lost COMMAND...: output that cannot be written is an error.
lost() {
    # shellcheck disable=SC2016 # the inner shell expands it
    fails "$* to a full disk" sh -c '"$@" >/dev/full' sh "$DSQL" "$@"
    equals 'status' "$status" 1
    says 'could not write to standard output'
}
lost --version
lost --help
lost token
lost credentials
lost local iam list --dir "$CLUSTER_DIR" --output json
lost local env --dir "$CLUSTER_DIR"
lost local env --dir "$CLUSTER_DIR" --output json
lost local env --dir "$CLUSTER_DIR" --hosts
lost local status --dir "$CLUSTER_DIR"
lost local status --dir "$CLUSTER_DIR" --output json

finish_checks
