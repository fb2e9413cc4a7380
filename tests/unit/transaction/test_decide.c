/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The policy, written a second time and the other way round: from case to decision. */
#include "transaction/decide.h"
#include "unit.h"

struct example {
    struct observation seen;
    enum decision decision;
};

/* clang-format off */
static const struct example examples[] = {
    {{PHASE_BEGIN, OUTCOME_DONE, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_GO_ON},
    {{PHASE_BEGIN, OUTCOME_REFUSED, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_REFUSED},
    {{PHASE_BEGIN, OUTCOME_REFUSED, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_CALLER, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_BEGIN, OUTCOME_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_LOST},
    {{PHASE_BEGIN, OUTCOME_LOST, CAUSE_OTHER, VERDICT_OK, ORIGIN_CALLER, false}, DECISION_LOST},

    {{PHASE_BODY, OUTCOME_OPEN, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_GO_ON},
    {{PHASE_BODY, OUTCOME_OPEN, CAUSE_NONE, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    /* a savepoint has undone it */
    {{PHASE_BODY, OUTCOME_OPEN, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_GO_ON},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_CONFLICT, VERDICT_FAILED, ORIGIN_CALLER, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_HIDDEN},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_HIDDEN},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_ENDED, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_ENDED, CAUSE_CONFLICT, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_HALF_ENDED, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, true}, DECISION_HALF_DONE},
    {{PHASE_BODY, OUTCOME_HALF_ENDED, CAUSE_CONFLICT, VERDICT_FAILED, ORIGIN_POOL, true}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_UNDONE, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_UNDONE},
    {{PHASE_BODY, OUTCOME_UNDONE, CAUSE_OTHER, VERDICT_OK, ORIGIN_CALLER, false}, DECISION_UNDONE},
    {{PHASE_BODY, OUTCOME_UNDONE, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_UNDONE, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_BODY, OUTCOME_CLOSED, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_CLOSED},
    {{PHASE_BODY, OUTCOME_CLOSED, CAUSE_NONE, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_BUSY, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_UNFINISHED},
    {{PHASE_BODY, OUTCOME_BUSY, CAUSE_NONE, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_LOST},
    {{PHASE_BODY, OUTCOME_LOST, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETRY_LOST},
    {{PHASE_BODY, OUTCOME_LOST, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_CALLER, false}, DECISION_LOST},

    {{PHASE_COMMIT, OUTCOME_DONE, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_GO_ON},
    {{PHASE_COMMIT, OUTCOME_REFUSED, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_COMMIT, OUTCOME_REFUSED, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_REFUSED},
    {{PHASE_COMMIT, OUTCOME_ROLLED_BACK, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_COMMIT, OUTCOME_ROLLED_BACK, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_ROLLED_BACK},
    {{PHASE_COMMIT, OUTCOME_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_UNKNOWN},
    {{PHASE_COMMIT, OUTCOME_LOST, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_UNKNOWN},
    {{PHASE_COMMIT, OUTCOME_LOST, CAUSE_OTHER, VERDICT_OK, ORIGIN_CALLER, false}, DECISION_UNKNOWN},

    {{PHASE_STATEMENT, OUTCOME_DONE, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_GO_ON},
    {{PHASE_STATEMENT, OUTCOME_REFUSED, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_STATEMENT, OUTCOME_REFUSED, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_REFUSED},
    {{PHASE_STATEMENT, OUTCOME_LOST, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_UNKNOWN},
};
/* clang-format on */

static void each_case_has_its_decision(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        enum decision decision = decide(&examples[i].seen);
        if (decision != examples[i].decision) {
            fail_msg("example %zu: decided %d, not %d", i, (int)decision,
                     (int)examples[i].decision);
        }
    }
}

static void a_commit_without_an_answer_is_never_retried(void **state)
{
    (void)state;
    for (int cause = CAUSE_NONE; cause <= CAUSE_OTHER; cause *= 2) {
        for (int origin = ORIGIN_POOL; origin <= ORIGIN_CALLER; origin *= 2) {
            const struct observation seen = {PHASE_COMMIT, OUTCOME_LOST,        (enum cause)cause,
                                             VERDICT_OK,   (enum origin)origin, false};
            assert_int_equal(decide(&seen), DECISION_UNKNOWN);
        }
    }
}

/* In each phase, whatever was seen: what the body has committed is not done again. */
static void what_was_committed_is_never_done_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct observation seen = examples[i].seen;
        enum decision usual = examples[i].decision;
        bool is_retry = usual == DECISION_RETRY_CONFLICT || usual == DECISION_RETRY_LOST;
        seen.has_committed = true;
        assert_int_equal(decide(&seen), is_retry ? DECISION_HALF_DONE : usual);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_decision),
        cmocka_unit_test(a_commit_without_an_answer_is_never_retried),
        cmocka_unit_test(what_was_committed_is_never_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
