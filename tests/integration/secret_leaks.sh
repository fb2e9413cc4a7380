#!/bin/bash
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Runs the dsql command with secrets where they do not belong.  Each run fails, prints none of them,
# and passes none on a command line.  Needs no network.  usage: secret_leaks.sh DSQL
set -eu
dsql=$1
host=abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws
HOME=$(mktemp -d)
trap 'rm -rf "$HOME"' EXIT
export HOME AWS_EC2_METADATA_DISABLED=true
unset "${!AWS_CONTAINER@}" "${!PG@}" AWS_PROFILE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
unset CLUSTER_ENDPOINT CLUSTER_USER AWS_REGION AWS_DEFAULT_REGION
keys=(AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=hush-secret AWS_SESSION_TOKEN=hush-session)
tried=0

# Environment, then "--", then arguments of dsql: must fail, and must say why, and nothing else.
quiet() {
    local said status=0 environment=()
    while [ "$1" != -- ]; do
        environment+=("$1")
        shift
    done
    shift
    said=$(timeout 30 env "${environment[@]}" "$dsql" "$@" 2>&1 </dev/null) || status=$?
    tried=$((tried + 1))
    if [ "$status" = 0 ] || [ "$status" -ge 124 ] || [ -z "$said" ]; then
        echo "secret_leaks: 'dsql $*' ended with $status: $said" >&2
        exit 1
    fi
    if [[ $said == *hush* ]]; then
        echo "secret_leaks: 'dsql $*' printed a secret: $said" >&2
        exit 1
    fi
}

in_file() {
    mkdir -p "$HOME/.aws"
    printf '%b' "$2" >"$HOME/.aws/$1"
}

# A password where a host, an option or nothing at all is expected.
for command in token psql doctor; do
    for given in "postgres://admin:hush@$host/postgres" "postgres://admin:hush@hush@$host" \
        "postgres://admin:hush/hush@$host" "postgres://a:hush?hush=hush@$host" \
        "postgres://a:hush%zz@$host" "http://a:hush@$host" "a:hush@$host:5432/db" \
        "host=$host password=hush" "host=$host password='hush hush" "host=$host pasword=hush" \
        "password=hush" "$host password hush" "$host;hush"; do
        quiet "${keys[@]}" -- $command "$given"
        quiet "${keys[@]}" -- $command --host "$given"
        quiet "${keys[@]}" "CLUSTER_ENDPOINT=$given" -- $command
        quiet "${keys[@]}" "PGHOST=$given" -- $command
    done
done
for given in --password=hush -Whush "--=hush" -phush "--port=hush" "--region=hush hush"; do
    quiet "${keys[@]}" -- token "$host" "$given"
done
quiet "${keys[@]}" -- token "$host" hush
quiet "${keys[@]}" -- exec "postgres://a:hush@$host/x" -- true

# Keys that are none.
quiet AWS_ACCESS_KEY_ID=A "AWS_SECRET_ACCESS_KEY=hush hush" -- credentials
quiet AWS_ACCESS_KEY_ID=hush/hush AWS_SECRET_ACCESS_KEY=hush -- credentials --output json
quiet AWS_SECRET_ACCESS_KEY=hush -- token "$host"
for file in 'aws_secret_access_key hush' '[default\naws_secret_access_key=hush' '[default] hush' \
    '[default]\naws_access_key_id=A\naws_secret_access_key hush' \
    '[default]\naws_access_key_id=A\naws_secret_access_key=hush hush' \
    '[default]\naws_secret_access_key=hush' '[default]\n =hush' ' hush' \
    '[default]\ncredential_process = sh -c "echo hush; exit 3"' \
    '[default]\ncredential_process = sh -c "echo hush; echo hush >&2"' \
    '[default]\ncredential_process = /nowhere/to --be hush' \
    '[default]\ncredential_process = true "hush' '[default]\ncredential_process = echo hush | cat'; do
    in_file credentials "$file\n"
    quiet -- token "$host"
    quiet -- credentials
    quiet -- doctor --host "$host" --output json
done

# Endpoints with a password in them, and nobody there.
in_file credentials '[default]\nrole_arn=arn:x\nsource_profile=b\nexternal_id=hush\n[b]\naws_access_key_id=A\naws_secret_access_key=hush\n'
for url in http://127.0.0.1:1 http://u:hush@127.0.0.1:1 'http://127.0.0.1:1/?t=hush'; do
    quiet AWS_ENDPOINT_URL_STS="$url" AWS_MAX_ATTEMPTS=1 -- token "$host"
done
rm "$HOME/.aws/credentials"
for url in 'http://127.0.0.1:1/hush?t=hush' http://u:hush@127.0.0.1:1/ http://169.254.169.254/hush; do
    quiet AWS_CONTAINER_CREDENTIALS_FULL_URI="$url" AWS_CONTAINER_AUTHORIZATION_TOKEN=hush -- \
        credentials
done
quiet AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x AWS_CONTAINER_AUTHORIZATION_TOKEN=$'hush\nx: hush' \
    -- credentials

# A program that is run gets its password by the environment, and nowhere else.
run=$(env "${keys[@]}" "$dsql" exec "$host" -- sh -c 'tr "\0" " " </proc/$$/cmdline; echo; env')
[[ ${run%%$'\n'*} != *hush* && ${run%%$'\n'*} != *X-Amz* ]]
[[ $run == *$'\n'PGPASSWORD=*X-Amz-Security-Token=hush-session* ]]
echo "secret_leaks: $tried failures, and no secret was printed"
