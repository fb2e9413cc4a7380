/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * heap.h
 *	  PostgreSQL's heap, which our table access method builds on.
 */
#ifndef DSQL_OCC_HEAP_H
#define DSQL_OCC_HEAP_H

#include "access/htup.h"
#include "access/tableam.h"
#include "storage/buf.h"

/* Heap's routines.  Ours call them. */
extern const TableAmRoutine *occ_heap;

extern void occ_heap_init(void);

/* A version as it is on its page, whose buffer is pinned. */
typedef struct PinnedTuple
{
	HeapTupleData tuple;
	Buffer		  buffer;
} PinnedTuple;

/* Fetch a version, whatever a snapshot says about it.  False: it is gone. */
extern bool occ_heap_try_pin(Relation rel, ItemPointer tid,
							 PinnedTuple *pinned);

/*
 * Fetch a version that this transaction has seen, whatever a snapshot says
 * about it now.  VACUUM cannot have removed it.  Release with ReleaseBuffer().
 */
extern void occ_heap_pin(Relation rel, ItemPointer tid, PinnedTuple *pinned);

/*
 * Pins a page.  recent: the buffer that it was in lately, or InvalidBuffer; if
 * it still is, it need not be looked up, which is most of the time that this
 * takes.
 */
extern Buffer occ_heap_read_page(Relation rel, BlockNumber block,
								 Buffer recent);

/*
 * Bring what is needed to read or change a page, and a version on it, into the
 * processor's cache.  The page is neither pinned nor locked, and may have left
 * the buffer.  The second one waits for what the first one fetches, so others
 * should come between the two.
 */
extern void occ_heap_prefetch_page(Buffer recent);
extern void occ_heap_prefetch_version(Buffer recent, ItemPointer tid);

/*
 * The version at a place of a page that is pinned and locked.  False: it is
 * gone.
 */
extern bool occ_heap_find_on_page(Relation rel, Buffer buffer, ItemPointer tid,
								  HeapTuple tuple);

/*
 * Of a version with an xmax: was it replaced by an update that left its keys
 * alone?  See commit.c and heap_only.c.
 */
extern bool occ_heap_is_non_key_update(HeapTupleHeader header);

/* Report that it is gone nevertheless, which is an internal error. */
extern _Noreturn void occ_heap_report_gone(Relation rel, ItemPointer tid);

#endif /* DSQL_OCC_HEAP_H */
