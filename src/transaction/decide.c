/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of the retry policy.  It is data, so that a reader can check it line by line, and a
 * test can try every combination.  The order matters: the first row that matches decides, so
 * special cases stand above general ones.
 *
 * Three principles are behind it.  Nothing is retried that may have been committed.  What the
 * server says outweighs what the body says.  And a connection that is the caller's cannot be
 * replaced.
 */
#include "transaction/decide.h"

#include <assert.h>
#include <stddef.h>

enum { ANY = 0xffff, COMMITTING = PHASE_COMMIT | PHASE_COMMIT_READ_ONLY };

/* A set of bits for each part of the observation; ANY matches all of them. */
struct row {
    int phases, outcomes, causes, verdicts, origins;
    enum decision decision;
};

/*
 * The first row that matches decides.  Facts about the service and PostgreSQL behind it: conflicts
 * appear at COMMIT (AWS docs, "Concurrency control in Aurora DSQL"), and COMMIT of a failed
 * transaction succeeds with the tag ROLLBACK (PostgreSQL manual, COMMIT).
 */
/* clang-format off */
static const struct row table[] = {
    {PHASE_BEGIN,              OUTCOME_SUCCESS,                     ANY,            ANY,            ANY,           DECISION_CONTINUE},
    {PHASE_BEGIN,              OUTCOME_ERROR,                       CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_BEGIN,              OUTCOME_ERROR,                       ANY,            ANY,            ANY,           DECISION_RETURN_ERROR},

    /* Nothing has been committed yet, so another connection may run it again. */
    {PHASE_BEGIN | PHASE_BODY, OUTCOME_CONNECTION_LOST,             ANY,            ANY,            ORIGIN_POOL,   DECISION_RETRY_LOST},
    {PHASE_BEGIN | PHASE_BODY, OUTCOME_CONNECTION_LOST,             ANY,            ANY,            ORIGIN_CALLER, DECISION_CONNECTION_LOST},

    /* A statement that took too long would take as long again. */
    {PHASE_BODY | PHASE_STATEMENT, OUTCOME_LATE,                    ANY,            ANY,            ANY,           DECISION_LATE},

    /* What the server answered counts more than what the body returned. */
    {PHASE_BODY,               OUTCOME_IN_FAILED_TRANSACTION,       CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_BODY,               OUTCOME_IN_FAILED_TRANSACTION,       ANY,            VERDICT_OK,     ANY,           DECISION_HIDDEN_ERROR},
    {PHASE_BODY,               OUTCOME_BODY_BUSY,                   ANY,            VERDICT_OK,     ANY,           DECISION_BODY_BUSY},
    {PHASE_BODY,               OUTCOME_BODY_CLOSED,                 ANY,            VERDICT_OK,     ANY,           DECISION_BODY_CLOSED},
    {PHASE_BODY,               OUTCOME_BODY_ROLLED_BACK,            CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_BODY,               OUTCOME_BODY_ROLLED_BACK,            ANY,            VERDICT_OK,     ANY,           DECISION_BODY_ROLLED_BACK},
    {PHASE_BODY,               OUTCOME_BODY_COMMITTED,              ANY,            ANY,            ANY,           DECISION_RETURN_BODY},
    {PHASE_BODY,               OUTCOME_BODY_PARTLY_COMMITTED,       ANY,            VERDICT_OK,     ANY,           DECISION_PARTLY_COMMITTED},
    {PHASE_BODY,               OUTCOME_IN_TRANSACTION,              ANY,            VERDICT_OK,     ANY,           DECISION_CONTINUE},
    {PHASE_BODY,               ANY,                                 ANY,            VERDICT_FAILED, ANY,           DECISION_RETURN_BODY},

    {COMMITTING,               OUTCOME_SUCCESS,                     ANY,            ANY,            ANY,           DECISION_CONTINUE},
    /* Aurora DSQL reports conflicts here. */
    {COMMITTING,               OUTCOME_ERROR | OUTCOME_ROLLED_BACK, CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {COMMITTING,               OUTCOME_ERROR,                       ANY,            ANY,            ANY,           DECISION_RETURN_ERROR},
    {COMMITTING,               OUTCOME_ROLLED_BACK,                 ANY,            ANY,            ANY,           DECISION_COMMIT_ROLLED_BACK},
    {PHASE_COMMIT,             OUTCOME_CONNECTION_LOST,             ANY,            ANY,            ANY,           DECISION_COMMIT_UNKNOWN},
    /* It does not matter whether a transaction without changes was committed. */
    {PHASE_COMMIT_READ_ONLY,   OUTCOME_CONNECTION_LOST,             ANY,            ANY,            ORIGIN_POOL,   DECISION_RETRY_LOST},
    {PHASE_COMMIT_READ_ONLY,   OUTCOME_CONNECTION_LOST,             ANY,            ANY,            ORIGIN_CALLER, DECISION_CONNECTION_LOST},

    /* A single statement contains its own COMMIT, so the same rules hold. */
    {PHASE_STATEMENT,          OUTCOME_SUCCESS | OUTCOME_ROLLED_BACK,
                                                                    ANY,            ANY,            ANY,           DECISION_CONTINUE},
    {PHASE_STATEMENT,          OUTCOME_ERROR,                       CAUSE_CONFLICT, ANY,            ANY,           DECISION_RETRY_CONFLICT},
    {PHASE_STATEMENT,          OUTCOME_ERROR,                       ANY,            ANY,            ANY,           DECISION_RETURN_ERROR},
    {PHASE_STATEMENT,          OUTCOME_CONNECTION_LOST,             ANY,            ANY,            ANY,           DECISION_COMMIT_UNKNOWN},
};
/* clang-format on */

/* A linear search, a few times in each attempt, which costs two round trips or more. */
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
    assert(false);                  /* no such observation exists */
    return DECISION_COMMIT_UNKNOWN; /* the decision that promises least */
}

/* The same question as in retry_loop.c, which acts on the answer. */
static bool is_retry(enum decision decision)
{
    return decision == DECISION_RETRY_CONFLICT || decision == DECISION_RETRY_LOST;
}

/*
 * Once the body has committed, a retry would repeat what is already committed, and a timeout would
 * deny it.
 */
enum decision decide(const struct observation *seen)
{
    enum decision decision = look_up(seen);
    return seen->has_committed && (is_retry(decision) || decision == DECISION_LATE)
               ? DECISION_PARTLY_COMMITTED
               : decision;
}
