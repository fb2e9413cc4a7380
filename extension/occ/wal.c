/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * wal.c
 *	  The resource manager of this extension: which file knows which record.
 */
#include "postgres.h"

#include "access/bufmask.h"
#include "access/heapam_xlog.h"
#include "access/xlog_internal.h"
#include "occ/heap_only_record.h"
#include "occ/stamp_record.h"
#include "occ/wal.h"
#include "occ/wal_records.h"

static uint8
kind_of(XLogReaderState *record)
{
	return XLogRecGetInfo(record) & ~XLR_INFO_MASK;
}

static void
redo(XLogReaderState *record)
{
	if (kind_of(record) == OCC_WAL_STAMP)
		occ_stamp_record_redo(record);
	else if (kind_of(record) == OCC_WAL_HEAP_ONLY)
		occ_heap_only_record_redo(record);
	else
		elog(PANIC, "unknown WAL record of dsql_local: %u", kind_of(record));
}

static void
describe(StringInfo text, XLogReaderState *record)
{
	if (kind_of(record) == OCC_WAL_STAMP)
		occ_stamp_record_describe(text, record);
	else if (kind_of(record) == OCC_WAL_HEAP_ONLY)
		occ_heap_only_record_describe(text, record);
}

static const char *
identify(uint8 info)
{
	switch (info & ~XLR_INFO_MASK)
	{
		case OCC_WAL_STAMP:
			return "STAMP";
		case OCC_WAL_HEAP_ONLY:
			return "HEAP_ONLY";
		default:
			return NULL;
	}
}

void
occ_wal_init(void)
{
	static RmgrData manager = {
		.rm_name = "dsql_local",
		.rm_redo = redo,
		.rm_desc = describe,
		.rm_identify = identify,
		.rm_mask = heap_mask,
	};

	RegisterCustomRmgr(OCC_RMGR, &manager);
}
