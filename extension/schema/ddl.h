/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * ddl.h
 *	  The rules for DDL: what a utility statement does to a transaction.
 */
#ifndef DSQL_SCHEMA_DDL_H
#define DSQL_SCHEMA_DDL_H

#include "nodes/nodes.h"
#include "utils/elog.h"

extern void schema_ddl_init(void);

/* The client's statement modifies or locks rows. */
extern void schema_ddl_note_dml(void);

/*
 * A function that a DDL statement calls executes a utility statement.  Raises
 * if that one is DDL too, or writes rows.
 */
extern void schema_ddl_check_inside(Node *statement);

/*
 * Around a utility statement, but not around a part of one (a subcommand, or
 * what runs while schema_transaction_is_running_ddl()).
 *
 * has_pending_writes: this transaction has written rows that only COMMIT will
 * put on their pages.  inside_utility: the statement was executed by another
 * utility statement, whose locks it must leave alone.
 */
extern void schema_ddl_before_statement(Node *statement,
										bool  has_pending_writes);
extern void schema_ddl_after_statement(Node *statement, bool inside_utility);
extern void schema_ddl_after_error(ErrorData *error);

/*
 * This transaction, which is a worker's or moves rows, changes the definition.
 * It holds a lock that keeps writers out until it commits.  Raises OC001 if
 * another transaction is changing the definition too.
 */
extern void schema_ddl_record_change(Oid relid);

#endif /* DSQL_SCHEMA_DDL_H */
