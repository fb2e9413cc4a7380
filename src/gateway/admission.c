/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Both limits are counted here and nowhere else.  The caller remembers whether a connection was
 * admitted, and releases exactly those that were.  One thread uses it, so the counter needs no
 * lock.
 */
#include "gateway/admission.h"

void admission_init(struct admission *admission, const struct gateway_options *options)
{
    *admission =
        (struct admission){.clock = options->clock, .max_connections = options->max_connections};
    rate_limit_init(&admission->rate, options->connections_per_s, options->connection_burst,
                    clock_monotonic_ms(options->clock));
}

/* The rate is checked first, so a connection above the maximum still counts for the rate. */
bool admission_take(struct admission *admission, struct fatal_error *error)
{
    if (!rate_limit_take(&admission->rate, clock_monotonic_ms(admission->clock))) {
        return fatal_error_set(error, "53400", "Unable to accept connection, rate exceeded.");
    }
    if (admission->max_connections >= 0 && admission->connections >= admission->max_connections) {
        return fatal_error_set(error, ADMISSION_TOO_MANY, ADMISSION_TOO_MANY_TEXT);
    }
    admission->connections++;
    return true;
}

void admission_release(struct admission *admission)
{
    admission->connections--;
}
