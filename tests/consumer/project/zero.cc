/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* C++11: a structure that starts with = {}. */
#include <dsql.h>

int main(void)
{
    dsql_error err = {};
    dsql_endpoint endpoint = {};
    dsql_pool_stats stats = {};
    dsql_retry retry = {};
    dsql_options options = {};
    dsql_transaction_options transaction_options = {};
    dsql_batch_options batch_options = {};
    return err.os_errno + endpoint.host[0] + stats.open + retry.attempt + options.token_seconds +
           transaction_options.read_only + batch_options.max_rows;
}
