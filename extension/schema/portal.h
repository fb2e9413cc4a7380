/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * portal.h
 *	  Closing a SELECT of the extended protocol that has been read to its end.
 */
#ifndef DSQL_SCHEMA_PORTAL_H
#define DSQL_SCHEMA_PORTAL_H

#include "executor/execdesc.h"

/* The query is about to run, or to go on. */
extern void schema_portal_close_when_read(const QueryDesc *query);

#endif /* DSQL_SCHEMA_PORTAL_H */
