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
    {{PHASE_BEGIN, OUTCOME_DONE, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_GO_ON},
    {{PHASE_BEGIN, OUTCOME_REFUSED, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL}, DECISION_REFUSED},
    {{PHASE_BEGIN, OUTCOME_REFUSED, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_CALLER}, DECISION_RETRY_CONFLICT},
    {{PHASE_BEGIN, OUTCOME_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_RETRY_LOST},
    {{PHASE_BEGIN, OUTCOME_LOST, CAUSE_OTHER, VERDICT_OK, ORIGIN_CALLER}, DECISION_LOST},

    {{PHASE_BODY, OUTCOME_OPEN, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_GO_ON},
    {{PHASE_BODY, OUTCOME_OPEN, CAUSE_NONE, VERDICT_FAILED, ORIGIN_POOL}, DECISION_RETURN_BODY},
    /* a savepoint has undone it */
    {{PHASE_BODY, OUTCOME_OPEN, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL}, DECISION_GO_ON},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL}, DECISION_RETRY_CONFLICT},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_CONFLICT, VERDICT_FAILED, ORIGIN_CALLER}, DECISION_RETRY_CONFLICT},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL}, DECISION_HIDDEN},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_HIDDEN},
    {{PHASE_BODY, OUTCOME_IN_ERROR, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_POOL}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_ENDED, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_ENDED, CAUSE_CONFLICT, VERDICT_FAILED, ORIGIN_POOL}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_BUSY, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_UNFINISHED},
    {{PHASE_BODY, OUTCOME_BUSY, CAUSE_NONE, VERDICT_FAILED, ORIGIN_POOL}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_RETRY_LOST},
    {{PHASE_BODY, OUTCOME_LOST, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_POOL}, DECISION_RETRY_LOST},
    {{PHASE_BODY, OUTCOME_LOST, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_CALLER}, DECISION_LOST},

    {{PHASE_COMMIT, OUTCOME_DONE, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_GO_ON},
    {{PHASE_COMMIT, OUTCOME_REFUSED, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL}, DECISION_RETRY_CONFLICT},
    {{PHASE_COMMIT, OUTCOME_REFUSED, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL}, DECISION_REFUSED},
    {{PHASE_COMMIT, OUTCOME_ROLLED_BACK, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL}, DECISION_RETRY_CONFLICT},
    {{PHASE_COMMIT, OUTCOME_ROLLED_BACK, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_ROLLED_BACK},
    {{PHASE_COMMIT, OUTCOME_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL}, DECISION_UNKNOWN},
    {{PHASE_COMMIT, OUTCOME_LOST, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL}, DECISION_UNKNOWN},
    {{PHASE_COMMIT, OUTCOME_LOST, CAUSE_OTHER, VERDICT_OK, ORIGIN_CALLER}, DECISION_UNKNOWN},
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
            const struct observation seen = {PHASE_COMMIT, OUTCOME_LOST, (enum cause)cause,
                                             VERDICT_OK, (enum origin)origin};
            assert_int_equal(decide(&seen), DECISION_UNKNOWN);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_decision),
        cmocka_unit_test(a_commit_without_an_answer_is_never_retried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
