/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * known.h
 *	  What this session knows of definitions: which change of a relation that
 *	  it has used it has seen last.
 */
#ifndef DSQL_SCHEMA_KNOWN_H
#define DSQL_SCHEMA_KNOWN_H

#include "utils/elog.h"

/* Defines the setting. */
extern void schema_known_init(void);

/*
 * The transaction is about to use the relation for the first time.  Has
 * another session changed it since this one used it last?  *winner: that
 * change.  If not, the session has used it from now on.
 */
extern bool schema_known_is_stale(Oid relid, TransactionId *winner);

/* The same, but the session does not count as having used it. */
extern bool schema_known_was_stale(Oid relid, TransactionId *winner);

/* This transaction changes the definition itself. */
extern void schema_known_note_own_change(Oid relid);

/* The session knows the present definitions: all, or that of one relation. */
extern void schema_known_forget_all(void);
extern void schema_known_forget(Oid relid);

/*
 * Could the reason for this error of the parser's be that another session
 * changed a relation that this one has used?
 */
extern bool schema_known_explains(const ErrorData *error);

#endif /* DSQL_SCHEMA_KNOWN_H */
