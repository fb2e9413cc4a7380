/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections may be open, and how fast new ones may come: the limits of the
 * service.  Only those whose token was verified count.
 */
#ifndef DSQL_GATEWAY_ADMISSION_H
#define DSQL_GATEWAY_ADMISSION_H

#include "gateway/gateway_options.h"
#include "session/fatal_error.h"
#include "session/rate_limit.h"

/* The service's SQLSTATE and words. */
#define ADMISSION_TOO_MANY      "53300"
#define ADMISSION_TOO_MANY_TEXT "Unable to accept connection, too many open connections."

struct admission {
    const struct clock *clock;
    int max_connections; /* -1: no limit */
    int connections;     /* admitted and not released yet */
    struct rate_limit rate;
};

/** The options' limits are resolved: never 0. */
void admission_init(struct admission *admission, const struct gateway_options *options);

/** Counts one more connection.  False: *error is set, and nothing is counted. */
bool admission_take(struct admission *admission, struct fatal_error *error);
void admission_release(struct admission *admission);

#endif
