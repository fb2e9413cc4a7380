/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp_record.h
 *	  Old versions of one page that a transaction replaces or deletes, and the
 *	  WAL record of that.
 */
#ifndef DSQL_OCC_STAMP_RECORD_H
#define DSQL_OCC_STAMP_RECORD_H

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

/* Registers the resource manager.  While the server starts. */
extern void occ_stamp_record_init(void);

/*
 * Changes the page, which is locked exclusively and not all-visible, and
 * writes the record.
 */
extern void occ_stamp_record_apply(Relation rel, Buffer buffer,
								   const Stamp *stamps, int n, CommandId cid);

#endif /* DSQL_OCC_STAMP_RECORD_H */
