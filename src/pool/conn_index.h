/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the number of a connection's slot from its pointer, without a lock.  It may return a number
 * that is not the connection's any more, or not find one: the caller compares, and searches in
 * another way.  The pointer is not followed.
 */
#ifndef DSQL_POOL_CONN_INDEX_H
#define DSQL_POOL_CONN_INDEX_H

#include <libpq-fe.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { CONN_INDEX_NONE = -1 };

struct conn_index_entry {
    _Atomic uintptr_t conn;
    atomic_int number;
};

struct conn_index {
    struct conn_index_entry *entries; /* a power of two of them */
    unsigned bits;
};

/** For up to count connections.  False: out of memory. */
bool conn_index_init(struct conn_index *index, int count);
void conn_index_clear(struct conn_index *index);

/** The caller holds the pool's lock: one thread at a time adds. */
void conn_index_add(struct conn_index *index, const PGconn *conn, int number);

int conn_index_find(const struct conn_index *index, const PGconn *conn);

#endif
