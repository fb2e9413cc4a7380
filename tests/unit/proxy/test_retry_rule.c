/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Every observation there is, against the rule in words. */
#include "proxy/retry_rule.h"
#include "unit.h"

static const enum retry_shape shapes[] = {RETRY_ONE_STATEMENT, RETRY_ONE_BATCH, RETRY_OTHER};
static const enum retry_outcome outcomes[] = {RETRY_SUCCESS, RETRY_CONFLICT,
                                              RETRY_CONFLICT_IN_BLOCK, RETRY_ERROR, RETRY_LOST};

/* Run again: a whole transaction that met a conflict, of which nothing was seen, and only then. */
static enum retry_decision expected(const struct retry_seen *seen)
{
    if (seen->outcome == RETRY_LOST) {
        return RETRY_END;
    }
    if (seen->outcome == RETRY_SUCCESS || seen->outcome == RETRY_ERROR) {
        return RETRY_DELIVER;
    }
    bool may_run_again = seen->outcome == RETRY_CONFLICT && seen->shape != RETRY_OTHER &&
                         seen->delivery == RETRY_NOTHING_DELIVERED &&
                         seen->request == RETRY_REQUEST_KEPT;
    if (!may_run_again) {
        return RETRY_DELIVER_NOT_ALLOWED;
    }
    return seen->attempts == RETRY_ATTEMPTS_LEFT ? RETRY_AGAIN : RETRY_DELIVER_GAVE_UP;
}

static int again_count;

static void check(const struct retry_seen *seen)
{
    enum retry_decision decision = retry_decide(seen);
    assert_int_equal(decision, expected(seen));
    again_count += decision == RETRY_AGAIN ? 1 : 0;
}

static void every_observation_has_its_decision(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * 5 * 8; i++) {
        size_t bits = i / 15;
        const struct retry_seen seen = {
            .shape = shapes[i % 3],
            .outcome = outcomes[i / 3 % 5],
            .delivery = (bits & 1) != 0 ? RETRY_SOMETHING_DELIVERED : RETRY_NOTHING_DELIVERED,
            .request = (bits & 2) != 0 ? RETRY_REQUEST_GONE : RETRY_REQUEST_KEPT,
            .attempts = (bits & 4) != 0 ? RETRY_NO_ATTEMPTS_LEFT : RETRY_ATTEMPTS_LEFT};
        check(&seen);
    }
    assert_int_equal(again_count, 2); /* one statement, and one batch */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_observation_has_its_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
