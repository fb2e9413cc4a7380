/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/local_injection.h"

#include <limits.h>
#include <stdlib.h>

/* The negated comparison refuses NaN too. */
static bool read_share(const struct command_line *line, const char *value, double *out)
{
    char *end = NULL;
    *out = strtod(value, &end);
    if (end == value || *end != '\0' || !(*out >= 0 && *out <= 1)) {
        command_usage(line->command, "--inject-conflicts must be a number from 0 to 1");
        return false;
    }
    return true;
}

/*
 * Prints what is wrong and returns false.  A fraction of 0 is the default and needs no setting.
 * A seed of 0 means that none was given.
 */
bool local_injection_read(const struct command_line *line, struct local_injection *injection)
{
    const char *value = command_value(line, "inject-conflicts");
    double share = 0;
    int seed = 0;
    size_t count = 0;
    *injection = (struct local_injection){0};
    if (!command_number(line, "inject-seed", 1, INT_MAX, &seed) ||
        (value != NULL && !read_share(line, value, &share))) {
        return false;
    }
    if (share > 0) {
        snprintf(injection->share, sizeof injection->share, "dsql_local.inject_conflicts=%.9f",
                 share);
        injection->settings[count++] = injection->share;
    }
    if (seed > 0) {
        snprintf(injection->seed, sizeof injection->seed, "dsql_local.inject_seed=%d", seed);
        injection->settings[count++] = injection->seed;
    }
    return true;
}
