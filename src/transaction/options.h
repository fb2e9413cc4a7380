/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* dsql_transaction_options, validated, with the pool's options as the defaults. */
#ifndef DSQL_TRANSACTION_OPTIONS_H
#define DSQL_TRANSACTION_OPTIONS_H

#include "config/settings.h"
#include "pool/place.h"

#include <dsql.h>

#include <stdbool.h>

/** Resolved: no field is 0 where 0 means "the default".  on_retry may be NULL. */
struct transaction_settings {
    struct retry_settings retry;
    bool read_only;
    void (*on_retry)(void *arg, const dsql_retry *retry);
    void *on_retry_arg;
    char place[PLACE_SIZE]; /* that acquires the connections; "": not named */
};

/** options may be NULL: the defaults.  *out is unchanged on failure. */
dsql_status transaction_settings_resolve(const dsql_transaction_options *options,
                                         const struct retry_settings *defaults,
                                         struct transaction_settings *out, dsql_error *err);

/** Sets the place unless the options have named one.  place may be NULL. */
void transaction_settings_default_place(struct transaction_settings *settings, const char *place);

#endif
