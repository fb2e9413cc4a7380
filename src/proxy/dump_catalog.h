/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What pg_dump asks the catalog, so that its dump has what belongs to the user and can be restored
 * by any PostgreSQL: without schema sys and the access methods, which are a part of every cluster
 * and exist nowhere else.  Source: pg_dump.c of PostgreSQL 16 to 18, getNamespaces() and so on.
 * Pure.
 */
#ifndef DSQL_PROXY_DUMP_CATALOG_H
#define DSQL_PROXY_DUMP_CATALOG_H

#include "base/buf.h"
#include "base/text.h"

/** What the cluster is asked instead of a query.  NULL: the query itself; else its name. */
const char *dump_catalog_rewrite(struct text sql, struct buf *out);

#endif
