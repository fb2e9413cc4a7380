/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * conflict.h
 *	  OC001, the error for a definition that changed under a transaction.
 */
#ifndef DSQL_SCHEMA_CONFLICT_H
#define DSQL_SCHEMA_CONFLICT_H

#include "utils/elog.h"

/*
 * Raise OC001.  relid: the relation whose definition changed, InvalidOid if it
 * is something else.  winner: the transaction that changed it, invalid if
 * unknown.
 */
extern _Noreturn void schema_conflict_raise(Oid relid, TransactionId winner);

/*
 * Two places where an error of PostgreSQL's may really mean OC001: when a DDL
 * statement has failed, and just before an error is sent to the client or
 * logged.  Both change the error in place if so.
 */
extern void schema_conflict_rephrase_ddl_error(ErrorData *error);
extern void schema_conflict_rephrase_sent_error(ErrorData *error);

#endif /* DSQL_SCHEMA_CONFLICT_H */
