# shellcheck shell=sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# SQL as the admin of the cluster, through the gateway; source it.

sql() {
    PGPASSWORD=$("$DSQL" token "$CLUSTER_ENDPOINT") psql -X -At -q -v ON_ERROR_STOP=1 \
        -v VERBOSITY=verbose -c "$1" \
        "host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full"
}

# script: a session's commands from stdin; it goes on after errors.
script() {
    PGPASSWORD=$("$DSQL" token "$CLUSTER_ENDPOINT") psql -X -At -q -v VERBOSITY=verbose \
        "host=$CLUSTER_ENDPOINT user=admin dbname=postgres sslmode=verify-full" 2>&1
}
