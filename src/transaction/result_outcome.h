/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the server's answer to a statement means to those who decide whether to try again. */
#ifndef DSQL_TRANSACTION_RESULT_OUTCOME_H
#define DSQL_TRANSACTION_RESULT_OUTCOME_H

#include "transaction/decide.h"

#include <libpq-fe.h>

#include <stdbool.h>

/** Whatever dsql_check() calls a success: commands, rows. */
bool result_is_success(const PGresult *result);

/** OUTCOME_SUCCESS, _ROLLED_BACK (a COMMIT that was none), _REFUSED or _LOST.  result may be NULL.
 */
enum outcome result_outcome(PGresult *result);

/** What broke the transaction, or the statement, as the watch has seen it. */
enum cause result_cause(const PGconn *conn);

#endif
