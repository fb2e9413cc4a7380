/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index_am.h
 *	  The name of PostgreSQL's B-tree in a local cluster.
 */
#ifndef DSQL_OCC_INDEX_AM_H
#define DSQL_OCC_INDEX_AM_H

#include "nodes/nodes.h"

/*
 * Does the statement name the B-tree, or leave the name to PostgreSQL, in a
 * database that has another name for it?
 */
extern bool occ_index_am_is_needed(Node *statement);

/* Names it as the database does, in the statement, which is changed in place.
 */
extern void occ_index_am_set(Node *statement);

/*
 * Does PostgreSQL look for "btree" while it executes the statement?  Between
 * begin and end the transaction has that name.  An error between them rolls
 * back the change.
 */
extern bool occ_index_am_is_renamed_for(Node *statement);
extern void occ_index_am_rename_begin(void);
extern void occ_index_am_rename_end(void);

#endif /* DSQL_OCC_INDEX_AM_H */
