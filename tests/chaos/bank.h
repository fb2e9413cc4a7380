/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A bank that uses libdsql as any program does, and a ledger that shows afterwards whether each
 * outcome that the library reported is true.
 */
#ifndef TEST_CHAOS_BANK_H
#define TEST_CHAOS_BANK_H

#include <dsql.h>

#include <stdbool.h>

enum { BANK_ACCOUNTS = 50 };

/** How a piece of work is sent. */
enum bank_form { BANK_TRANSACTION, BANK_EXEC, BANK_BATCH, BANK_FORMS };

/** A piece of work, and what the library reported about it. */
struct bank_work {
    long number; /* different for each */
    enum bank_form form;
    int source, target;
    dsql_status outcome;
    dsql_error err;
};

/** Makes the tables anew.  Ends the program on failure. */
void bank_setup(dsql_pool *pool);

/** Does the work once and fills in the outcome. */
void bank_do(dsql_pool *pool, struct bank_work *work);

/**
 * Compares the ledger with the outcomes: work that succeeded is there once and whole, work of an
 * unknown outcome once and whole or not at all, other work not at all; and the balances are those
 * of the ledger.  Prints each difference.
 */
bool bank_verify(dsql_pool *pool, const struct bank_work *works, long count);

/** Prints how often each outcome was reported. */
void bank_print_outcomes(const struct bank_work *works, long count);

#endif
