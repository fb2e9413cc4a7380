/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_views.h
 *	  Catalogs with the columns of PostgreSQL 16, whatever the server's are.
 */
#ifndef DSQL_DIALECT_CATALOG_VIEWS_H
#define DSQL_DIALECT_CATALOG_VIEWS_H

#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"

/* The client has logged in: it sees the views in place of the catalogs. */
extern void catalog_views_begin_session(void);

/* A query was analyzed, and is changed in place. */

/* A view's OID becomes that of the catalog, which other catalogs refer to. */
extern void catalog_views_adapt_constant(Const *constant);

/* A view has the OID of its catalog as tableoid. */
extern void catalog_views_replace_tableoid(Query *query);

#endif /* DSQL_DIALECT_CATALOG_VIEWS_H */
