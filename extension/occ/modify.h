/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * modify.h
 *	  The table access method's writing side.
 */
#ifndef DSQL_OCC_MODIFY_H
#define DSQL_OCC_MODIFY_H

#include "access/tableam.h"

extern void occ_modify_install(TableAmRoutine *methods);

#endif /* DSQL_OCC_MODIFY_H */
