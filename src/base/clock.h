/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Time comes in from outside, so that tests set it.  Wall time says what the
 * date is (signatures, expiry); monotonic time measures (deadlines, ages).
 */
#ifndef DSQL_BASE_CLOCK_H
#define DSQL_BASE_CLOCK_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct clock {
    int64_t (*wall_s)(void *arg);            /* seconds since 1970 */
    int64_t (*monotonic_ms)(void *arg);      /* from an arbitrary start, never back */
    int64_t (*coarse_ms)(void *arg);         /* the same, up to 10 ms late, and fast; or NULL */
    void (*sleep_ms)(void *arg, int64_t ms); /* not shorter, also when interrupted */
    void *arg;
};

/** The system's clocks; static, never NULL. */
const struct clock *clock_system(void);

int64_t clock_wall_s(const struct clock *clock);
int64_t clock_monotonic_ms(const struct clock *clock);
int64_t clock_coarse_ms(const struct clock *clock);
void clock_sleep_ms(const struct clock *clock, int64_t ms);

enum { CLOCK_BASIC_SIZE = 17 };

/** "20240827T000000Z", ISO 8601 basic form, as SigV4 wants.  False: year not 1970..9999. */
bool clock_format_basic(int64_t wall_s, char out[CLOCK_BASIC_SIZE]);

/** The reverse; strict: exactly that form, and a date that exists. */
bool clock_parse_basic(struct text text, int64_t *wall_s);

#endif
