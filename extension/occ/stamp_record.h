/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp_record.h
 *	  Old versions of a few pages that a transaction replaces or deletes, and
 *	  the WAL record of that.
 */
#ifndef DSQL_OCC_STAMP_RECORD_H
#define DSQL_OCC_STAMP_RECORD_H

#include "access/xlogreader.h"
#include "lib/stringinfo.h"
#include "storage/buf.h"
#include "storage/bufpage.h"
#include "utils/relcache.h"

/* In a Stamp, in place of the new version's offset. */
#define STAMP_DELETED  ((OffsetNumber) 0)
#define STAMP_REPLACED ((OffsetNumber) 0xffff) /* by a version elsewhere */

typedef struct Stamp
{
	OffsetNumber old_version;
	OffsetNumber new_version; /* a heap-only one, on the same page */
} Stamp;

/*
 * How many pages a record has at most.  XLR_MAX_BLOCK_ID + 1 are possible, but
 * a backend has a hash table for its pins if they are more than eight.
 */
#define STAMP_MAX_PAGES 7

/* A page that is locked exclusively, and its stamps. */
typedef struct StampedPage
{
	Buffer		 buffer;
	const Stamp *stamps;
	int			 nstamps;
} StampedPage;

/*
 * Changes the pages and writes the record.  There are 1 to STAMP_MAX_PAGES of
 * them, all of one relation.  Those that are all-visible have their bits in
 * the page of the visibility map that is pinned in visibility.
 */
extern void occ_stamp_record_apply(Relation rel, const StampedPage *pages,
								   int npages, Buffer visibility,
								   CommandId cid);

extern void occ_stamp_record_redo(XLogReaderState *record);
extern void occ_stamp_record_describe(StringInfo	   text,
									  XLogReaderState *record);

#endif /* DSQL_OCC_STAMP_RECORD_H */
