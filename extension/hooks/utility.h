/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * utility.h
 *	  Whether a utility statement is running.
 */
#ifndef DSQL_HOOKS_UTILITY_H
#define DSQL_HOOKS_UTILITY_H

/* If so, it may have relations open and count on its locks. */
extern bool hooks_utility_is_running(void);

#endif /* DSQL_HOOKS_UTILITY_H */
