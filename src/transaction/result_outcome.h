/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Reads a libpq result in the terms of decide.h. */
#ifndef DSQL_TRANSACTION_RESULT_OUTCOME_H
#define DSQL_TRANSACTION_RESULT_OUTCOME_H

#include "transaction/decide.h"

#include <libpq-fe.h>

#include <stdbool.h>

/** What dsql_check() calls a success: a command or rows. */
bool result_is_success(const PGresult *result);

/** OUTCOME_SUCCESS, _ROLLED_BACK, _ERROR or _CONNECTION_LOST.  result may be NULL. */
enum outcome result_outcome(PGresult *result);

/** Why the transaction or statement failed, as connection_events.h has recorded it. */
enum cause result_cause(const PGconn *conn);

#endif
