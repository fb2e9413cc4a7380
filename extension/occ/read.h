/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * read.h
 *	  The table access method's reading side.
 */
#ifndef DSQL_OCC_READ_H
#define DSQL_OCC_READ_H

#include "access/tableam.h"

extern void occ_read_install(TableAmRoutine *methods);

#endif /* DSQL_OCC_READ_H */
