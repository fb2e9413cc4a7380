/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The first row that fits decides.  The last row for conflicts is the safe one: no retry. */
#include "proxy/retry_rule.h"

#include <assert.h>
#include <stddef.h>

enum { ANY = -1, WHOLE = RETRY_ONE_STATEMENT | RETRY_ONE_BATCH };

struct row {
    int shapes;
    int outcomes;
    int deliveries;
    int requests;
    int attempts;
    enum retry_decision decision;
};

/* clang-format off */
static const struct row table[] = {
    {ANY,   RETRY_SUCCESS | RETRY_ERROR, ANY, ANY, ANY, RETRY_DELIVER},
    {ANY,   RETRY_LOST, ANY, ANY, ANY, RETRY_END},
    {WHOLE, RETRY_CONFLICT, RETRY_NOTHING_DELIVERED, RETRY_REQUEST_KEPT, RETRY_ATTEMPTS_LEFT,    RETRY_AGAIN},
    {WHOLE, RETRY_CONFLICT, RETRY_NOTHING_DELIVERED, RETRY_REQUEST_KEPT, RETRY_NO_ATTEMPTS_LEFT, RETRY_DELIVER_GAVE_UP},
    {ANY,   RETRY_CONFLICT | RETRY_CONFLICT_IN_BLOCK, ANY, ANY, ANY, RETRY_DELIVER_NOT_ALLOWED},
};
/* clang-format on */

static bool fits(int set, int value)
{
    return (set & value) != 0;
}

enum retry_decision retry_decide(const struct retry_seen *seen)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct row *row = &table[i];
        if (fits(row->shapes, (int)seen->shape) && fits(row->outcomes, (int)seen->outcome) &&
            fits(row->deliveries, (int)seen->delivery) && fits(row->requests, (int)seen->request) &&
            fits(row->attempts, (int)seen->attempts)) {
            return row->decision;
        }
    }
    assert(false); /* no such observation exists */
    return RETRY_END;
}
