/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* C99 and C++11: a structure that starts with = {0}. */
#include <dsql.h>

int main(void)
{
    dsql_error err = {0};
    dsql_endpoint endpoint = {0};
    dsql_pool_stats stats = {0};
    dsql_retry retry = {0};
    dsql_options options = {0};
    dsql_transaction_options transaction_options = {0};
    dsql_batch_options batch_options = {0};
    return err.os_errno + endpoint.host[0] + stats.open + retry.attempt + options.token_seconds +
           transaction_options.read_only + batch_options.max_rows;
}
