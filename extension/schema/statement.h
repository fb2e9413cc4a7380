/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_names.h
 *	  What a utility statement says that it will change.
 */
#ifndef DSQL_STATEMENT_NAMES_H
#define DSQL_STATEMENT_NAMES_H

#include "nodes/pg_list.h"

extern bool statement_is_ddl(Node *statement);

/* Does it move rows, or read them with heap's eyes? */
extern bool statement_rewrites(Node *statement);

/*
 * May others go on with the old definition until COMMIT?  Not if it relies on
 * what rows there are, or moves them.  An index that is ASYNC is built after
 * COMMIT.
 */
extern bool statement_leaves_rows_alone(Node *statement, bool index_is_async);

/* Oids of the relations whose definition it names to be changed. */
extern List *statement_relations(Node *statement);

/*
 * What it creates or changes that is no relation, or none yet: names with the
 * oid of the schema they are in, or of the catalog of their class.
 */
typedef void (*NameCallback)(Oid class, const char *name);
extern void statement_each_name(Node *statement, NameCallback found);

#endif /* DSQL_STATEMENT_NAMES_H */
