/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The policy, written a second time from the other side: from case to decision. */
#include "transaction/decide.h"
#include "unit.h"

struct example {
    struct observation seen;
    enum decision decision;
};

/* clang-format off */
static const struct example examples[] = {
    {{PHASE_BEGIN, OUTCOME_SUCCESS, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_CONTINUE},
    {{PHASE_BEGIN, OUTCOME_ERROR, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETURN_ERROR},
    {{PHASE_BEGIN, OUTCOME_ERROR, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_CALLER, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_BEGIN, OUTCOME_CONNECTION_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_LOST},
    {{PHASE_BEGIN, OUTCOME_CONNECTION_LOST, CAUSE_OTHER, VERDICT_OK, ORIGIN_CALLER, false}, DECISION_CONNECTION_LOST},

    {{PHASE_BODY, OUTCOME_IN_TRANSACTION, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_CONTINUE},
    {{PHASE_BODY, OUTCOME_IN_TRANSACTION, CAUSE_NONE, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    /* a savepoint has undone it */
    {{PHASE_BODY, OUTCOME_IN_TRANSACTION, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_CONTINUE},
    {{PHASE_BODY, OUTCOME_IN_FAILED_TRANSACTION, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_BODY, OUTCOME_IN_FAILED_TRANSACTION, CAUSE_CONFLICT, VERDICT_FAILED, ORIGIN_CALLER, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_BODY, OUTCOME_IN_FAILED_TRANSACTION, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_HIDDEN_ERROR},
    {{PHASE_BODY, OUTCOME_IN_FAILED_TRANSACTION, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_HIDDEN_ERROR},
    {{PHASE_BODY, OUTCOME_IN_FAILED_TRANSACTION, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_BODY_COMMITTED, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_BODY_COMMITTED, CAUSE_CONFLICT, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_BODY_PARTLY_COMMITTED, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, true}, DECISION_PARTLY_COMMITTED},
    {{PHASE_BODY, OUTCOME_BODY_PARTLY_COMMITTED, CAUSE_CONFLICT, VERDICT_FAILED, ORIGIN_POOL, true}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_BODY_ROLLED_BACK, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_BODY_ROLLED_BACK},
    {{PHASE_BODY, OUTCOME_BODY_ROLLED_BACK, CAUSE_OTHER, VERDICT_OK, ORIGIN_CALLER, false}, DECISION_BODY_ROLLED_BACK},
    {{PHASE_BODY, OUTCOME_BODY_ROLLED_BACK, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_BODY_ROLLED_BACK, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_BODY, OUTCOME_BODY_CLOSED, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_BODY_CLOSED},
    {{PHASE_BODY, OUTCOME_BODY_CLOSED, CAUSE_NONE, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_BODY_BUSY, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_BODY_BUSY},
    {{PHASE_BODY, OUTCOME_BODY_BUSY, CAUSE_NONE, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETURN_BODY},
    {{PHASE_BODY, OUTCOME_CONNECTION_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_LOST},
    {{PHASE_BODY, OUTCOME_CONNECTION_LOST, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_POOL, false}, DECISION_RETRY_LOST},
    {{PHASE_BODY, OUTCOME_CONNECTION_LOST, CAUSE_OTHER, VERDICT_FAILED, ORIGIN_CALLER, false}, DECISION_CONNECTION_LOST},

    {{PHASE_COMMIT, OUTCOME_SUCCESS, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_CONTINUE},
    {{PHASE_COMMIT, OUTCOME_ERROR, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_COMMIT, OUTCOME_ERROR, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETURN_ERROR},
    {{PHASE_COMMIT, OUTCOME_ROLLED_BACK, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_COMMIT, OUTCOME_ROLLED_BACK, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_COMMIT_ROLLED_BACK},
    {{PHASE_COMMIT, OUTCOME_CONNECTION_LOST, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_COMMIT_UNKNOWN},
    {{PHASE_COMMIT, OUTCOME_CONNECTION_LOST, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_COMMIT_UNKNOWN},
    {{PHASE_COMMIT, OUTCOME_CONNECTION_LOST, CAUSE_OTHER, VERDICT_OK, ORIGIN_CALLER, false}, DECISION_COMMIT_UNKNOWN},

    {{PHASE_STATEMENT, OUTCOME_SUCCESS, CAUSE_NONE, VERDICT_OK, ORIGIN_POOL, false}, DECISION_CONTINUE},
    {{PHASE_STATEMENT, OUTCOME_ERROR, CAUSE_CONFLICT, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETRY_CONFLICT},
    {{PHASE_STATEMENT, OUTCOME_ERROR, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_RETURN_ERROR},
    {{PHASE_STATEMENT, OUTCOME_CONNECTION_LOST, CAUSE_OTHER, VERDICT_OK, ORIGIN_POOL, false}, DECISION_COMMIT_UNKNOWN},
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
            const struct observation seen = {PHASE_COMMIT,        OUTCOME_CONNECTION_LOST,
                                             (enum cause)cause,   VERDICT_OK,
                                             (enum origin)origin, false};
            assert_int_equal(decide(&seen), DECISION_COMMIT_UNKNOWN);
        }
    }
}

/* In each phase and for each outcome: what the body has committed is not repeated. */
static void committed_work_is_never_repeated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct observation seen = examples[i].seen;
        enum decision usual = examples[i].decision;
        bool is_retry = usual == DECISION_RETRY_CONFLICT || usual == DECISION_RETRY_LOST;
        seen.has_committed = true;
        assert_int_equal(decide(&seen), is_retry ? DECISION_PARTLY_COMMITTED : usual);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_decision),
        cmocka_unit_test(a_commit_without_an_answer_is_never_retried),
        cmocka_unit_test(committed_work_is_never_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
