/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A setting of 0 means "as the pool has it", and the pool's were resolved when it was opened.  So
 * three levels meet here: the call, the pool, and the library's defaults behind the pool.
 */
#include "transaction/options.h"

#include "base/error.h"

#include <stddef.h>
#include <string.h>

/* Fields that the caller was not compiled with stay zero, their default. */
static dsql_status copy_options(const dsql_transaction_options *options,
                                dsql_transaction_options *out, dsql_error *err)
{
    *out = (dsql_transaction_options){0};
    if (options == NULL) {
        return DSQL_OK;
    }
    size_t size = options->struct_size;
    if (size < offsetof(dsql_transaction_options, max_attempts) + sizeof options->max_attempts) {
        return fail(err, DSQL_ERR_USAGE,
                    "dsql_transaction_options.struct_size is not set: use "
                    "DSQL_TRANSACTION_OPTIONS() or dsql_transaction_options_init()");
    }
    memcpy(out, options, size < sizeof *out ? size : sizeof *out);
    return DSQL_OK;
}

/* 0 is never a valid value of these options; "none" is -1. */
static int first_of(int value, int fallback)
{
    return value != 0 ? value : fallback;
}

/*
 * The same limits hold as for dsql_options, so the same code checks them.  The logger that is
 * returned too is not used: a retry loop logs to its pool's.
 */
static dsql_status resolve_retry(const dsql_transaction_options *given,
                                 const struct retry_settings *defaults, struct retry_settings *out,
                                 dsql_error *err)
{
    dsql_options options = dsql_options_init();
    options.max_attempts = first_of(given->max_attempts, defaults->max_attempts);
    options.retry_max_ms = first_of(given->retry_max_ms, defaults->max_ms);
    options.retry_base_ms = given->retry_base_ms;
    if (options.retry_base_ms == 0) { /* a small maximum of this call lowers the pool's base */

        int base_ms = defaults->base_ms;
        options.retry_base_ms = base_ms < options.retry_max_ms ? base_ms : options.retry_max_ms;
    }
    options.transaction_timeout_ms = first_of(given->timeout_ms, defaults->timeout_ms);
    options.statement_timeout_ms =
        first_of(given->statement_timeout_ms, defaults->statement_timeout_ms);
    struct logger unused;
    return settings_resolve_retry(&options, out, &unused, err);
}

dsql_status transaction_settings_resolve(const dsql_transaction_options *options,
                                         const struct retry_settings *defaults,
                                         struct transaction_settings *out, dsql_error *err)
{
    dsql_transaction_options given;
    dsql_status status = copy_options(options, &given, err);
    struct retry_settings retry = *defaults;
    if (status == DSQL_OK && options != NULL) {
        status = resolve_retry(&given, defaults, &retry, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    *out = (struct transaction_settings){
        .retry = retry,
        .read_only = given.read_only != 0,
        .on_retry = given.on_retry,
        .on_retry_arg = given.on_retry_arg,
    };
    place_copy(given.place, out->place);
    return DSQL_OK;
}

void transaction_settings_default_place(struct transaction_settings *settings, const char *place)
{
    if (settings->place[0] == '\0') {
        place_copy(place, settings->place);
    }
}
