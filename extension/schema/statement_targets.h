/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_targets.h
 *	  Which objects a utility statement says that it will change.
 */
#ifndef DSQL_SCHEMA_STATEMENT_TARGETS_H
#define DSQL_SCHEMA_STATEMENT_TARGETS_H

#include "nodes/pg_list.h"

/* Oids of the relations whose definition it names to be changed. */
extern List *schema_statement_relations(Node *statement);

/* Is it CREATE ... IF NOT EXISTS of something that exists? */
extern bool schema_statement_finds_it_existing(Node *statement);

/*
 * Calls found for each object that it creates or changes and that has no
 * relation oid.  class: the oid of the schema that the new relation will be
 * in, or of the catalog of its class (pg_proc, pg_authid, ...).
 */
typedef void (*SchemaNameCallback)(Oid class, const char *name);
extern void schema_statement_each_name(Node				 *statement,
									   SchemaNameCallback found);

#endif /* DSQL_SCHEMA_STATEMENT_TARGETS_H */
