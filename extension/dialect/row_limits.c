/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * row_limits.c
 *	  How large a value and a row may be.
 *
 * What counts is the size after compression with lz4, which is that of
 * Aurora DSQL.  A value that has been stored already is compressed as it will
 * be stored again; any other is compressed to see what it takes.  That is
 * only done for a row that would be too large otherwise.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/toast_compression.h"
#include "access/toast_internals.h"
#include "base/settings.h"
#include "dialect/row_limits.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

/* Bytes. */
#define VALUE_MAX 1048576
#define ROW_MAX	  (2 * VALUE_MAX)

/* PostgreSQL may have been built without lz4. */
#ifdef USE_LZ4
#define COMPRESSION TOAST_LZ4_COMPRESSION
#else
#define COMPRESSION TOAST_PGLZ_COMPRESSION
#endif

void
row_limits_init(void)
{
#ifdef USE_LZ4
	SetConfigOption("default_toast_compression", "lz4", PGC_POSTMASTER,
					PGC_S_DYNAMIC_DEFAULT);
#endif
}

/* Of a value that is neither compressed nor in a toast table. */
static Size
compressed_size(struct varlena *value)
{
	Datum compressed =
		toast_compress_datum(PointerGetDatum(value), COMPRESSION);
	Size size;

	if (DatumGetPointer(compressed) == NULL)
		return VARSIZE_ANY_EXHDR(value);
	size = VARSIZE(DatumGetPointer(compressed)) - VARHDRSZ;
	pfree(DatumGetPointer(compressed));
	return size;
}

static Size
stored_size(Datum value, Form_pg_attribute column)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(value);
	struct varlena *whole;
	Size			size;

	if (VARATT_IS_EXTERNAL_ONDISK(stored))
		return toast_datum_size(value);
	if (VARATT_IS_COMPRESSED(stored))
		return VARSIZE(stored) - VARHDRSZ;
	whole = detoast_attr(stored);
	size = column->attstorage == TYPSTORAGE_EXTENDED ||
				   column->attstorage == TYPSTORAGE_MAIN
			   ? compressed_size(whole)
			   : VARSIZE_ANY_EXHDR(whole);
	if (whole != stored)
		pfree(whole);
	return size;
}

static void
check_value(Size size, Form_pg_attribute column)
{
	if (size > VALUE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("datatype limit greater than %d bytes not "
						"supported for %s",
						VALUE_MAX,
						format_type_be(getBaseType(column->atttypid)))));
}

static void
check_values(TupleTableSlot *slot)
{
	TupleDesc desc = slot->tts_tupleDescriptor;
	Size	  total = 0;

	slot_getallattrs(slot);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		Size			  size;

		if (column->attlen != -1 || slot->tts_isnull[i])
			continue;
		size = stored_size(slot->tts_values[i], column);
		check_value(size, column);
		total += size;
	}
	if (total > ROW_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("maximum row size exceeded")));
}

void
row_limits_check(TupleTableSlot *slot, Size size)
{
	if (unlikely(size > VALUE_MAX) && settings_is_strict())
		check_values(slot);
}
