/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * utility.h
 *	  Statements that are no queries pass here.
 */
#ifndef DSQL_UTILITY_H
#define DSQL_UTILITY_H

extern void utility_init(void);

/* Are we inside a utility statement?  It may have relations open. */
extern int utility_depth;

#endif /* DSQL_UTILITY_H */
