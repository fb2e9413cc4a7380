/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table in which an entry replaces the one that is in its place.  A connection that lost its
 * entry is found in a list under the lock, so nothing has to be deleted either.  The table is four
 * times as large as the pool, so that this is rare.
 */
#include "pool/conn_index.h"

#include "base/memory.h"

enum { LARGEST_BITS = 16 };

bool conn_index_init(struct conn_index *index, int count)
{
    unsigned bits = 2;
    while (bits < LARGEST_BITS && (1 << bits) < count * 4) {
        bits++;
    }
    index->bits = bits;
    index->entries = mem_new_array((size_t)1 << bits, sizeof index->entries[0]);
    return index->entries != NULL;
}

void conn_index_clear(struct conn_index *index)
{
    mem_free(index->entries);
    index->entries = NULL;
}

/* The high bits of a product depend on all bits of a pointer (Knuth's multiplicative hash). */
static struct conn_index_entry *entry_of(const struct conn_index *index, uintptr_t conn)
{
    uint64_t hash = (uint64_t)conn * UINT64_C(0x9e3779b97f4a7c15);
    return &index->entries[hash >> (64 - index->bits)];
}

/* A reader may see the old connection with the new number, and compares. */
void conn_index_add(struct conn_index *index, const PGconn *conn, int number)
{
    struct conn_index_entry *entry = entry_of(index, (uintptr_t)conn);
    atomic_store_explicit(&entry->number, number, memory_order_relaxed);
    atomic_store_explicit(&entry->conn, (uintptr_t)conn, memory_order_release);
}

int conn_index_find(const struct conn_index *index, const PGconn *conn)
{
    const struct conn_index_entry *entry = entry_of(index, (uintptr_t)conn);
    if (atomic_load_explicit(&entry->conn, memory_order_acquire) != (uintptr_t)conn) {
        return CONN_INDEX_NONE;
    }
    return atomic_load_explicit(&entry->number, memory_order_relaxed);
}
