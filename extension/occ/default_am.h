/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * default_am.h
 *	  Which access method a new table gets.
 */
#ifndef DSQL_OCC_DEFAULT_AM_H
#define DSQL_OCC_DEFAULT_AM_H

#include "nodes/nodes.h"

extern void occ_default_am_init(void);

/* Does the statement create a table without naming an access method? */
extern bool occ_default_am_is_needed(Node *statement);

/* Names one in the statement, which is changed in place. */
extern void occ_default_am_set(Node *statement);

#endif /* DSQL_OCC_DEFAULT_AM_H */
