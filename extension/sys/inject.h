/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.h
 *	  Conflicts on purpose, so that retry loops get tested.
 */
#ifndef DSQL_SYS_INJECT_H
#define DSQL_SYS_INJECT_H

extern void inject_init(void);
extern void inject_shmem_request(void);
extern void inject_shmem_init(void);

/* If not, no COMMIT fails. */
extern bool inject_has_rules(void);

/*
 * Must this COMMIT fail with OC000?  Called once for each transaction that
 * modified or locked rows, before it is validated, with no lock of ours held.
 * relations: those it modified or locked rows in, each once.
 */
extern bool inject_should_fail(const Oid *relations, int nrelations);

#endif /* DSQL_SYS_INJECT_H */
