/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * query_memory.h
 *	  How much a sort, a hash or another intermediate result may need.
 */
#ifndef DSQL_DIALECT_QUERY_MEMORY_H
#define DSQL_DIALECT_QUERY_MEMORY_H

/* A client that is bound by the dialect has logged in. */
extern void query_memory_begin_session(void);

/* An error is sent: it gets the service's words if it is that of the limit. */
extern void query_memory_rephrase_sent_error(ErrorData *error);

#endif /* DSQL_DIALECT_QUERY_MEMORY_H */
