/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_only_record.h
 *	  The WAL record of a new version on the page of the old one.
 */
#ifndef DSQL_OCC_HEAP_ONLY_RECORD_H
#define DSQL_OCC_HEAP_ONLY_RECORD_H

#include "access/htup.h"
#include "access/xlogreader.h"
#include "lib/stringinfo.h"
#include "storage/buf.h"
#include "storage/off.h"

/*
 * In the critical section in which the new version has been put on the page.
 * The old version is on it too.  Returns the record's end.
 */
extern XLogRecPtr occ_heap_only_record_write(Buffer		  buffer,
											 OffsetNumber old_version,
											 HeapTuple	  new_version);

extern void occ_heap_only_record_redo(XLogReaderState *record);
extern void occ_heap_only_record_describe(StringInfo	   text,
										  XLogReaderState *record);

#endif /* DSQL_OCC_HEAP_ONLY_RECORD_H */
