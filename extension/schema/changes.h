/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.h
 *	  Which transaction changed which definition last, in shared memory.
 */
#ifndef DSQL_SCHEMA_CHANGES_H
#define DSQL_SCHEMA_CHANGES_H

extern void schema_changes_init(void);
extern void schema_changes_shmem_request(void);
extern void schema_changes_shmem_init(void);

/*
 * This transaction changes the definition of a relation, or an object that has
 * no relation oid: a name in a schema, or in a class of objects (the oid of
 * their catalog).  Assigns a transaction id.  Returns false if another running
 * transaction is changing it, or if there is no room for both.
 */
extern bool schema_changes_record(Oid relid);
extern bool schema_changes_record_name(Oid class, const char *name);

/* This transaction has changed nothing of what it has recorded. */
extern void schema_changes_retract(void);

/*
 * Has the definition changed since the transaction's snapshot?  *winner: the
 * transaction that changed it, also set when it is only in progress.
 * *in_progress (may be NULL): true if another running transaction is changing
 * it.
 */
extern bool schema_changes_unseen(Oid relid, TransactionId *winner,
								  bool *in_progress);

/*
 * The last transaction that committed a change of the relation, invalid if
 * none is known.  *in_progress: true if a running transaction, maybe this one,
 * is changing it.
 */
extern TransactionId schema_changes_last(Oid relid, bool *in_progress);

/*
 * How many changes were ever recorded.  While it stays the same, no
 * transaction has begun to change anything.
 */
extern uint64 schema_changes_count(void);

/*
 * At COMMIT of a transaction that created something: may it?  Not if another
 * one has that is concurrent to it, whatever each of them created.  Nothing
 * may fail after true.
 */
extern bool schema_changes_claim_creation(TransactionId *winner);

/*
 * May anything at all have changed since the transaction's snapshot, also what
 * can no longer be named?
 */
extern bool schema_changes_any_unseen(void);

/* Does this backend hold the lock of this file?  For error handling. */
extern bool schema_changes_is_locked(void);

#endif /* DSQL_SCHEMA_CHANGES_H */
