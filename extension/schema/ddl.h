/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * ddl.h
 *	  Definitions that change under a transaction: OC001.
 */
#ifndef DSQL_DDL_H
#define DSQL_DDL_H

#include "nodes/nodes.h"
#include "utils/elog.h"
#include "utils/relcache.h"

extern void ddl_init(void);

/* This transaction reads the relation, or writes or locks rows in it. */
extern void ddl_note_touched(Oid relid, bool written);

/* Deferred triggers are going to run; or because the client said COMMIT. */
extern void ddl_before_triggers(void);
extern void ddl_before_commit(void);

/*
 * At COMMIT: lock again what was written, raise OC001 if the definition of
 * anything touched has changed.
 */
extern void ddl_lock_and_check(void);

/* What was written or locked in, each once. */
extern const Oid *ddl_written_relations(int *count);

/*
 * This transaction, a worker's or one that moves rows, changes the definition.
 * With a lock that keeps writers out until its COMMIT.  OC001: another one
 * changes it too.
 */
extern void ddl_record_change(Oid relid);

/*
 * Around a utility statement, not around a part of one: a subcommand, or what
 * runs while ddl_is_running().
 */
extern bool ddl_is_running(void);
extern void ddl_before_statement(Node *statement);
extern void ddl_after_statement(Node *statement);

/*
 * What an error of a statement means: OC001 if it comes from a definition
 * that changed under this transaction, or from two that change at once.
 */
extern void ddl_rephrase_error(ErrorData *error);

/* For a relation that is not there any more. */
extern void ddl_report_changed(Oid relid) pg_attribute_noreturn();

/* At the end of a transaction. */
extern void ddl_reset(void);

#endif /* DSQL_DDL_H */
