/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Work for the bank of bank.h that is sent with nothing but libpq, and what its client was told.
 */
#ifndef TEST_CHAOS_LIBPQ_WORK_H
#define TEST_CHAOS_LIBPQ_WORK_H

#include "bank.h"

/** How a piece of work is sent. */
enum style { SIMPLE, EXTENDED, PREPARED, BLOCK, PIPELINE, STYLES };

/** Prepares the statement of PREPARED.  False: the connection cannot be used, or is lost. */
bool libpq_work_prepare(PGconn *conn);

/** Does the work once, and fills in its form and outcome.  May leave the connection lost. */
void libpq_work_do(PGconn *conn, enum style style, struct bank_work *work);

#endif
