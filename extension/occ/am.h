/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * am.h
 *	  The table access method "dsql".
 */
#ifndef DSQL_OCC_AM_H
#define DSQL_OCC_AM_H

#include "utils/relcache.h"

extern void occ_am_init(void);

/* Does the relation use our access method? */
extern bool occ_am_is_ours(Relation rel);

#endif /* DSQL_OCC_AM_H */
