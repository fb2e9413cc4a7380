/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.h
 *	  Commits that fail on purpose, so that retry loops get tested.
 */
#ifndef DSQL_INJECT_H
#define DSQL_INJECT_H

extern void inject_init(void);
extern Size inject_shmem_size(void);
extern void inject_shmem_init(void);

/*
 * Shall this COMMIT fail with OC000?  Asked once for every transaction that
 * modified or locked rows, before it is validated; relations are those it
 * modified or locked rows in, each once.
 * Called outside of our lock, in a transaction: may read catalogs.
 */
extern bool inject_should_fail(const Oid *relations, int nrelations);

#endif /* DSQL_INJECT_H */
