/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which errors are conflicts: AWS docs, "Concurrency control in Aurora DSQL".  The one place that
 * knows these codes; everything else asks for a dsql_occ.  Public, because a program that runs
 * its own transactions needs the same answer.
 */
#include "base/text.h"

#include <dsql.h>

/*
 * Aurora DSQL reports 40001.  40P01 (deadlock_detected) comes only from an ordinary PostgreSQL,
 * which programs are tested against, and also means that the transaction should run again.
 */
static bool is_conflict(struct text sqlstate)
{
    return text_equal_string(sqlstate, "40001") || text_equal_string(sqlstate, "40P01") ||
           text_equal_string(sqlstate, "OC000") || text_equal_string(sqlstate, "OC001");
}

/* Only the SQLSTATE decides: "OC000" in the message of another error may be the user's data. */
dsql_occ dsql_occ_classify(const char *sqlstate, const char *message)
{
    struct text state = text_of(sqlstate);
    if (!is_conflict(state)) {
        return DSQL_OCC_NONE;
    }
    if (text_equal_string(state, "OC000") || text_contains(text_of(message), "(OC000)")) {
        return DSQL_OCC_DATA;
    }
    if (text_equal_string(state, "OC001") || text_contains(text_of(message), "(OC001)")) {
        return DSQL_OCC_SCHEMA;
    }
    return DSQL_OCC_OTHER;
}

dsql_occ dsql_result_occ(const PGresult *res)
{
    return dsql_occ_classify(PQresultErrorField(res, PG_DIAG_SQLSTATE),
                             PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
}
