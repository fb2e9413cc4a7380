/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * portal.h
 *	  What a statement leaves when its hooks have been called.
 */
#ifndef DSQL_SCHEMA_PORTAL_H
#define DSQL_SCHEMA_PORTAL_H

#include "executor/execdesc.h"
#include "nodes/nodes.h"

/* The query is about to run, or to go on. */
extern void schema_portal_close_when_read(const QueryDesc *query);

/* The utility statement is done, but its rows may still be described. */
extern void schema_portal_release_when_described(Node *statement);

#endif /* DSQL_SCHEMA_PORTAL_H */
