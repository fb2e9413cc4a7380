/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How many files the daemon may have open.  The usual soft limit, 1024, is for programs that use
 * select(); the hard limit is what the administrator allows.
 */
#ifndef DSQL_LOCAL_DESCRIPTOR_LIMIT_H
#define DSQL_LOCAL_DESCRIPTOR_LIMIT_H

/** Raises the soft limit, towards the hard one.  A failure leaves it as it is. */
void descriptor_limit_raise(void);

/** In a child, before it becomes another program: the limit that this process was started with. */
void descriptor_limit_restore(void);

#endif
