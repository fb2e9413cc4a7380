/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads three times out of a sentence.  They are found by their form and not by the words around
 * them; the third one is AWS's clock.
 */
#include "connect/signature_skew.h"

#include "base/clock.h"

/* A hint comes from outside, so no more than LONGEST_HINT bytes of it are searched. */
enum { TIMES_IN_A_HINT = 3, LONGEST_HINT = 1024 };

/* Finds the next ISO 8601 basic time in *rest and moves *rest past it. */
static bool next_time(struct text *rest, int64_t *time_s)
{
    enum { LENGTH = CLOCK_BASIC_SIZE - 1 };
    for (size_t i = 0; i + LENGTH <= rest->len; i++) {
        if (clock_parse_basic(text_slice(*rest, i, LENGTH), time_s)) {
            *rest = text_slice(*rest, i + LENGTH, rest->len);
            return true;
        }
    }
    return false;
}

bool signature_skew_measure(struct text hint, int64_t now_s, int64_t *skew_s)
{
    struct text rest = text_slice(hint, 0, LONGEST_HINT);
    int64_t time_s = 0;
    for (int i = 0; i < TIMES_IN_A_HINT; i++) {
        if (!next_time(&rest, &time_s)) {
            return false;
        }
    }
    *skew_s = now_s - time_s;
    return true;
}
