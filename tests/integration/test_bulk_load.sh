#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Batches within the cluster's limits, and an index built by a job that is waited for.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

bulk_load=$BUILD/examples/bulk_load

fails 'without an endpoint' env -u CLUSTER_ENDPOINT "$bulk_load"
says 'CLUSTER_ENDPOINT environment variable is not set'

succeeds 'rows and index' "$bulk_load"
equals 'its output' "$output" '10000 rows committed
Index is ready'
succeeds 'rows in the table' "$DSQL" psql -- -Atc 'SELECT count(*), count(DISTINCT name) FROM bulk_items'
equals 'all of them' "$output" '10000|10000'
succeeds 'state of the index' "$DSQL" psql -- -Atc \
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'bulk_items_name'::regclass"
equals 'valid' "$output" t

succeeds 'the same once more' "$bulk_load"
succeeds 'rows after that' "$DSQL" psql -- -Atc 'SELECT count(*) FROM bulk_items'
equals 'none twice' "$output" 10000

fails 'the limit is really there' "$DSQL" psql -- -Atc 'DELETE FROM bulk_items'
says 'transaction row limit exceeded'

finish_checks
