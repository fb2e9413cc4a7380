/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * age_watch.h
 *	  Transactions that expire while their session is idle.
 */
#ifndef DSQL_DIALECT_AGE_WATCH_H
#define DSQL_DIALECT_AGE_WATCH_H

extern void age_watch_shmem_request(void);
extern void age_watch_shmem_init(void);

/*
 * Registers the watching process.  expire is called in an idle session whose
 * transaction has expired; it must end the transaction.
 */
extern void age_watch_init(void (*expire)(void));

/* This session's transaction expires then, in microseconds of the monotonic
 * clock.  0: it has none. */
extern void age_watch_set(uint64 expires_at);

#endif /* DSQL_DIALECT_AGE_WATCH_H */
