/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_only_record.c
 *	  The WAL record of a new version on the page of the old one.
 *
 * It has what differs between the two, as the record of a HOT update of heap
 * has.  That one cannot be used, because it also links them, which COMMIT does
 * here (stamp_record.c).  A record of a whole row would be written by COMMIT
 * too, which flushes the WAL: most of the duration of a COMMIT whose rows are
 * wide.
 *
 * The old version does not change on its page but in its header, which is not
 * used, and is not removed while a transaction that sees it is open.  So
 * recovery finds the bytes that were there.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xloginsert.h"
#include "access/xlogutils.h"
#include "occ/heap_only_record.h"
#include "occ/wal_records.h"
#include "storage/bufmgr.h"

/* What follows the fixed part of a version's header. */
typedef struct Body
{
	const char *data;
	Size		size;
} Body;

/* Followed by the part of the new body that the old one does not have. */
typedef struct HeapOnlyRecord
{
	OffsetNumber old_version;
	OffsetNumber new_version;
	uint16		 prefix; /* bytes at the start that both have */
	uint16		 suffix; /* and at the end */
	uint16		 infomask2;
	uint16		 infomask;
	uint8		 hoff;
} HeapOnlyRecord;

#define RECORD_SIZE (offsetof(HeapOnlyRecord, hoff) + sizeof(uint8))

static Body
body_of(const void *header, Size size)
{
	Body body = {(const char *) header + SizeofHeapTupleHeader,
				 size - SizeofHeapTupleHeader};

	return body;
}

static Body
body_on_page(Page page, OffsetNumber offset)
{
	ItemId item = PageGetItemId(page, offset);

	Assert(ItemIdIsNormal(item));
	return body_of(PageGetItem(page, item), ItemIdGetLength(item));
}

/* ---- Writing ---- */

static Size
common_prefix(Body a, Body b, Size max)
{
	Size n = 0;

	while (n + sizeof(uint64) <= max &&
		   memcmp(a.data + n, b.data + n, sizeof(uint64)) == 0)
		n += sizeof(uint64);
	while (n < max && a.data[n] == b.data[n])
		n++;
	return n;
}

static Size
common_suffix(Body a, Body b, Size max)
{
	const char *a_end = a.data + a.size;
	const char *b_end = b.data + b.size;
	Size		n = 0;

	while (n + sizeof(uint64) <= max &&
		   memcmp(a_end - n - sizeof(uint64), b_end - n - sizeof(uint64),
				  sizeof(uint64)) == 0)
		n += sizeof(uint64);
	while (n < max && a_end[-1 - (ptrdiff_t) n] == b_end[-1 - (ptrdiff_t) n])
		n++;
	return n;
}

XLogRecPtr
occ_heap_only_record_write(Buffer buffer, OffsetNumber old_version,
						   HeapTuple new_version)
{
	HeapTupleHeader header = new_version->t_data;
	Body			old = body_on_page(BufferGetPage(buffer), old_version);
	Body new = body_of(header, new_version->t_len);
	Size		   max = Min(old.size, new.size);
	HeapOnlyRecord record;

	record.old_version = old_version;
	record.new_version = ItemPointerGetOffsetNumber(&new_version->t_self);
	record.prefix = (uint16) common_prefix(old, new, max);
	record.suffix = (uint16) common_suffix(old, new, max - record.prefix);
	record.infomask2 = header->t_infomask2;
	record.infomask = header->t_infomask;
	record.hoff = header->t_hoff;

	XLogBeginInsert();
	XLogRegisterBuffer(0, buffer, REGBUF_STANDARD);
	XLogRegisterBufData(0, (char *) &record, RECORD_SIZE);
	XLogRegisterBufData(0, (char *) new.data + record.prefix,
						new.size - record.prefix - record.suffix);
	return XLogInsert(OCC_RMGR, OCC_WAL_HEAP_ONLY);
}

/* ---- Recovery ---- */

typedef union NewVersion
{
	HeapTupleHeaderData header;
	char				data[MaxHeapTupleSize];
} NewVersion;

static void
set_header(HeapTupleHeader header, const HeapOnlyRecord *record,
		   BlockNumber block, TransactionId xid)
{
	MemSet(header, 0, SizeofHeapTupleHeader);
	header->t_infomask2 = record->infomask2;
	header->t_infomask = record->infomask;
	header->t_hoff = record->hoff;
	HeapTupleHeaderSetXmin(header, xid);
	HeapTupleHeaderSetCmin(header, FirstCommandId);
	ItemPointerSet(&header->t_ctid, block, record->new_version);
}

/* Returns the size of the version. */
static Size
join_body(NewVersion *version, const HeapOnlyRecord *record, Body old,
		  Body middle)
{
	Size  size = record->prefix + middle.size + record->suffix;
	char *data = version->data + SizeofHeapTupleHeader;

	if (record->prefix > old.size || record->suffix > old.size ||
		size > MaxHeapTupleSize - SizeofHeapTupleHeader)
		elog(PANIC, "a heap-only version does not fit its old version");
	memcpy(data, old.data, record->prefix);
	memcpy(data + record->prefix, middle.data, middle.size);
	memcpy(data + record->prefix + middle.size,
		   old.data + old.size - record->suffix, record->suffix);
	return size + SizeofHeapTupleHeader;
}

static void
put_on_page(Buffer buffer, const char *data, Size data_size, TransactionId xid)
{
	Page		   page = BufferGetPage(buffer);
	HeapOnlyRecord record;
	NewVersion	   version;
	Body		   middle = {data + RECORD_SIZE, data_size - RECORD_SIZE};
	Size		   size;

	memcpy(&record, data, RECORD_SIZE);
	if (record.old_version > PageGetMaxOffsetNumber(page) ||
		!ItemIdIsNormal(PageGetItemId(page, record.old_version)))
		elog(PANIC, "the old version of a heap-only version is gone");
	set_header(&version.header, &record, BufferGetBlockNumber(buffer), xid);
	size = join_body(&version, &record, body_on_page(page, record.old_version),
					 middle);
	if (PageAddItem(page, (Item) version.data, size, record.new_version, true,
					true) == InvalidOffsetNumber)
		elog(PANIC, "could not add a heap-only version");
	PageSetPrunable(page, xid);
	MarkBufferDirty(buffer);
}

void
occ_heap_only_record_redo(XLogReaderState *record)
{
	Buffer buffer;

	if (XLogReadBufferForRedo(record, 0, &buffer) == BLK_NEEDS_REDO)
	{
		Size		size;
		const char *data = XLogRecGetBlockData(record, 0, &size);

		put_on_page(buffer, data, size, XLogRecGetXid(record));
		PageSetLSN(BufferGetPage(buffer), record->EndRecPtr);
	}
	if (BufferIsValid(buffer))
		UnlockReleaseBuffer(buffer);
}

void
occ_heap_only_record_describe(StringInfo text, XLogReaderState *record)
{
	Size		   size;
	const char	  *data = XLogRecGetBlockData(record, 0, &size);
	HeapOnlyRecord it;

	if (data == NULL) /* there is an image of the page instead */
		return;
	memcpy(&it, data, RECORD_SIZE);
	appendStringInfo(text, "old %u new %u prefix %u suffix %u", it.old_version,
					 it.new_version, it.prefix, it.suffix);
}
