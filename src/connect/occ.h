/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What counts as a conflict: AWS docs, "Concurrency control in Aurora DSQL". */
#ifndef DSQL_CONNECT_OCC_H
#define DSQL_CONNECT_OCC_H

#include <dsql.h>

/**
 * From SQLSTATE and primary message (either may be NULL).  Only the SQLSTATE decides
 * whether it is one: a message that happens to contain "OC000" is no conflict.
 */
dsql_occ occ_classify(const char *sqlstate, const char *message);

#endif
