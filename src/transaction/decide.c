/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See decide.h. */
#include "transaction/decide.h"

#include <assert.h>
#include <stddef.h>

enum { ANY = 0xffff };

struct row {
    int phases, outcomes, causes, verdicts, origins;
    enum decision decision;
};

/* The first row that matches decides. */
/* clang-format off */
static const struct row table[] = {
    {PHASE_BEGIN,  OUTCOME_DONE,        ANY,            ANY,            ANY,           DECISION_GO_ON},
    {PHASE_BEGIN,  OUTCOME_REFUSED,     CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_BEGIN,  OUTCOME_REFUSED,     ANY,            ANY,            ANY,           DECISION_REFUSED},

    /* Nothing has been committed, so another connection may try. */
    {PHASE_BEGIN | PHASE_BODY, OUTCOME_LOST, ANY,       ANY,            ORIGIN_POOL,   DECISION_RETRY_LOST},
    {PHASE_BEGIN | PHASE_BODY, OUTCOME_LOST, ANY,       ANY,            ORIGIN_CALLER, DECISION_LOST},

    /* The server's word counts more than the body's. */
    {PHASE_BODY,   OUTCOME_IN_ERROR,    CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_BODY,   OUTCOME_IN_ERROR,    ANY,            VERDICT_OK,     ANY,           DECISION_HIDDEN},
    {PHASE_BODY,   OUTCOME_BUSY,        ANY,            VERDICT_OK,     ANY,           DECISION_UNFINISHED},
    {PHASE_BODY,   OUTCOME_CLOSED,      ANY,            VERDICT_OK,     ANY,           DECISION_CLOSED},
    {PHASE_BODY,   OUTCOME_UNDONE,      CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_BODY,   OUTCOME_UNDONE,      ANY,            VERDICT_OK,     ANY,           DECISION_UNDONE},
    {PHASE_BODY,   OUTCOME_ENDED,       ANY,            ANY,            ANY,           DECISION_RETURN_BODY},
    {PHASE_BODY,   OUTCOME_HALF_ENDED,  ANY,            VERDICT_OK,     ANY,           DECISION_HALF_DONE},
    {PHASE_BODY,   OUTCOME_OPEN,        ANY,            VERDICT_OK,     ANY,           DECISION_GO_ON},
    {PHASE_BODY,   ANY,                 ANY,            VERDICT_FAILED, ANY,           DECISION_RETURN_BODY},

    {PHASE_COMMIT, OUTCOME_DONE,        ANY,            ANY,            ANY,           DECISION_GO_ON},
    /* At DSQL this is where conflicts appear. */
    {PHASE_COMMIT, OUTCOME_REFUSED | OUTCOME_ROLLED_BACK,
                                        CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_COMMIT, OUTCOME_REFUSED,     ANY,            ANY,            ANY,           DECISION_REFUSED},
    {PHASE_COMMIT, OUTCOME_ROLLED_BACK, ANY,            ANY,            ANY,           DECISION_ROLLED_BACK},
    {PHASE_COMMIT, OUTCOME_LOST,        ANY,            ANY,            ANY,           DECISION_UNKNOWN},

    /* Its own COMMIT is in it, so the same holds for a single statement. */
    {PHASE_STATEMENT, OUTCOME_DONE | OUTCOME_ROLLED_BACK,
                                        ANY,            ANY,            ANY,           DECISION_GO_ON},
    {PHASE_STATEMENT, OUTCOME_REFUSED,  CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_STATEMENT, OUTCOME_REFUSED,  ANY,            ANY,            ANY,           DECISION_REFUSED},
    {PHASE_STATEMENT, OUTCOME_LOST,     ANY,            ANY,            ANY,           DECISION_UNKNOWN},
};
/* clang-format on */

static enum decision look_up(const struct observation *seen)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct row *row = &table[i];
        if ((row->phases & (int)seen->phase) != 0 && (row->outcomes & (int)seen->outcome) != 0 &&
            (row->causes & (int)seen->cause) != 0 && (row->verdicts & (int)seen->verdict) != 0 &&
            (row->origins & (int)seen->origin) != 0) {
            return row->decision;
        }
    }
    assert(false);           /* an observation that cannot be made */
    return DECISION_UNKNOWN; /* the answer that promises least */
}

static bool is_retry(enum decision decision)
{
    return decision == DECISION_RETRY_CONFLICT || decision == DECISION_RETRY_LOST;
}

/* To run the body again would do what it has committed a second time. */
enum decision decide(const struct observation *seen)
{
    enum decision decision = look_up(seen);
    return seen->has_committed && is_retry(decision) ? DECISION_HALF_DONE : decision;
}
