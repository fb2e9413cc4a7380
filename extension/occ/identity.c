/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.c
 *	  Which row a version belongs to: a row is its primary key and not its
 *	  place.
 *
 * A version that one transaction locked FOR KEY SHARE may have been replaced
 * by a non-key update when another transaction deletes the row.  The two find
 * each other only if both know the row by the same identity.  A primary key
 * has no NULLs and is in every version.  It is compared as PostgreSQL stores
 * it (its image), here and in occ_identity_key_changes(), so a version that
 * counts as a non-key update has its predecessor's identity.
 *
 * Other keys may be NULL, and a table may have none.  There a version is known
 * by its place, and COMMIT follows the row from version to version
 * (intents.c).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "base/compat.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "occ/identity.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* The number of the next column in the set, or 0. */
static int
next_column(Bitmapset *columns, int *member)
{
	*member = bms_next_member(columns, *member);
	return *member < 0 ? 0 : *member + FirstLowInvalidHeapAttributeNumber;
}

Bitmapset *
occ_identity_columns(Relation rel)
{
	return RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
}

/* By its type's storage: by value, fixed length, C string, or varlena. */
static uint64
hash_image(Datum value, Form_pg_attribute att, uint64 seed)
{
	struct varlena *packed;
	uint64			hash;

	if (att->attbyval)
		return hash_bytes_extended((unsigned char *) &value, sizeof(Datum),
								   seed);
	if (att->attlen > 0)
		return hash_bytes_extended((unsigned char *) DatumGetPointer(value),
								   att->attlen, seed);
	if (att->attlen == -2)
		return hash_bytes_extended((unsigned char *) DatumGetCString(value),
								   (int) strlen(DatumGetCString(value)), seed);
	packed = PG_DETOAST_DATUM_PACKED(value);
	hash = hash_bytes_extended((unsigned char *) VARDATA_ANY(packed),
							   (int) VARSIZE_ANY_EXHDR(packed), seed);
	if ((Pointer) packed != DatumGetPointer(value))
		pfree(packed);
	return hash;
}

uint64
occ_identity_hash(Relation rel, Bitmapset *columns, HeapTuple tuple)
{
	TupleDesc desc = RelationGetDescr(rel);
	uint64	  hash = 0;
	int		  member = -1;
	int		  attnum;

	while ((attnum = next_column(columns, &member)) != 0)
	{
		bool  isnull;
		Datum value = heap_getattr(tuple, attnum, desc, &isnull);

		if (isnull)
			elog(ERROR, "a primary key of \"%s\" is NULL",
				 RelationGetRelationName(rel));
		hash = hash_image(value, TupleDescAttr(desc, attnum - 1), hash);
	}
	return hash;
}

uint64
occ_identity_of_place(ItemPointer tid)
{
	return ((uint64) ItemPointerGetBlockNumber(tid) << 16) |
		   ItemPointerGetOffsetNumber(tid);
}

/* Whole rows and system columns, which expressions may use, count. */
static bool
column_changes(Relation rel, HeapTuple old, TupleTableSlot *slot, int attnum)
{
	TupleDesc		  desc = RelationGetDescr(rel);
	Form_pg_attribute att;
	Datum			  oldval;
	Datum			  newval;
	bool			  oldnull;
	bool			  newnull;

	if (attnum <= 0)
		return true;
	att = TupleDescAttr(desc, attnum - 1);
	oldval = heap_getattr(old, attnum, desc, &oldnull);
	newval = slot_getattr(slot, attnum, &newnull);
	return oldnull != newnull ||
		   (!oldnull &&
			!datum_image_eq(oldval, newval, att->attbyval, att->attlen));
}

/* Frees the set. */
static bool
columns_change(Relation rel, Bitmapset *columns, HeapTuple old,
			   TupleTableSlot *slot)
{
	int	 member = -1;
	bool changes = false;

	while (!changes && (member = bms_next_member(columns, member)) >= 0)
		changes = column_changes(rel, old, slot,
								 member + FirstLowInvalidHeapAttributeNumber);
	bms_free(columns);
	return changes;
}

bool
occ_identity_key_changes(Relation rel, HeapTuple old, TupleTableSlot *slot)
{
	return columns_change(
		rel, RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_KEY), old,
		slot);
}

bool
occ_identity_indexed_columns_change(Relation rel, HeapTuple old,
									TupleTableSlot *slot)
{
	return columns_change(rel, INDEXED_COLUMNS_COMPAT(rel), old, slot);
}

static char *
text_of(Datum value, Oid type)
{
	Oid	 function;
	bool is_varlena;

	getTypeOutputInfo(type, &function, &is_varlena);
	return OidOutputFunctionCall(function, value);
}

/* "(a, b)=(1, x)" */
static char *
key_and_values(Relation rel, Relation index, const Datum *values,
			   const bool *isnull)
{
	int			   ncolumns = IndexRelationGetNumberOfKeyAttributes(index);
	const char	  *separator = "";
	StringInfoData names;
	StringInfoData texts;

	initStringInfo(&names);
	initStringInfo(&texts);
	for (int i = 0; i < ncolumns; i++)
	{
		Form_pg_attribute att = TupleDescAttr(
			RelationGetDescr(rel), index->rd_index->indkey.values[i] - 1);

		appendStringInfo(&names, "%s%s", separator,
						 quote_identifier(NameStr(att->attname)));
		appendStringInfo(&texts, "%s%s", separator,
						 isnull[i] ? "null"
								   : text_of(values[i], att->atttypid));
		separator = ", ";
	}
	return psprintf("(%s)=(%s)", names.data, texts.data);
}

/*
 * What BuildIndexValueDescription() returns, which checks what the user may
 * see and reads the index's definition from the catalogs.  That is a good part
 * of a failed COMMIT, so it is left out for who may see the whole table.
 */
static char *
describe_key(Relation rel, Relation index, Datum *values, bool *isnull)
{
	if (!rel->rd_rel->relrowsecurity &&
		pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) ==
			ACLCHECK_OK)
		return key_and_values(rel, index, values, isnull);
	return BuildIndexValueDescription(index, values, isnull);
}

/* Nothing, if the index is not unique, or the user may not see its columns. */
static void
append_key(Oid index_oid, Relation rel, HeapTuple tuple, StringInfo text)
{
	Relation index = index_open(index_oid, AccessShareLock);
	Datum	 values[INDEX_MAX_KEYS];
	bool	 isnull[INDEX_MAX_KEYS];
	char	*description = NULL;

	if (index->rd_index->indisunique &&
		RelationGetIndexExpressions(index) == NIL)
	{
		for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
			values[i] = heap_getattr(tuple, index->rd_index->indkey.values[i],
									 RelationGetDescr(rel), &isnull[i]);
		description = describe_key(rel, index, values, isnull);
	}
	if (description)
		appendStringInfo(text, "%s%s", text->len == 0 ? "" : ", ",
						 description);
	index_close(index, AccessShareLock);
}

void
occ_identity_describe(Relation rel, HeapTuple tuple, bool every_key,
					  char *text, Size size)
{
	List		  *indexes = RelationGetIndexList(rel); /* sets rd_pkindex */
	ListCell	  *cell;
	StringInfoData keys;

	initStringInfo(&keys);
	if (OidIsValid(rel->rd_pkindex))
		append_key(rel->rd_pkindex, rel, tuple, &keys);
	foreach (cell, indexes)
		if (every_key && lfirst_oid(cell) != rel->rd_pkindex)
			append_key(lfirst_oid(cell), rel, tuple, &keys);
	strlcpy(text, keys.data,
			pg_mbcliplen(keys.data, keys.len, (int) size - 1) + 1);
	list_free(indexes);
	pfree(keys.data);
}
