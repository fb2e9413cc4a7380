/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.h
 *	  Who changed which definition last, in shared memory.
 */
#ifndef DSQL_CHANGES_H
#define DSQL_CHANGES_H

extern Size changes_shmem_size(void);
extern void changes_shmem_request(void);
extern void changes_shmem_init(void);

/*
 * This transaction changes a relation; or something that is none, or none yet:
 * a name in a schema, or in a class of objects (the oid of their catalog).
 * False: another transaction is changing it.
 */
extern bool changes_record(Oid relid);
extern bool changes_record_name(Oid class, const char *name);

/*
 * Has the definition changed since our snapshot?  *winner: by whom.
 * *being: another transaction, in progress, changes it.
 */
extern bool changes_unseen(Oid relid, TransactionId *winner, bool *being);

/* Is this backend in the middle of one of these? */
extern bool changes_is_locked(void);

#endif /* DSQL_CHANGES_H */
