/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index_entries.c
 *	  The index entries of a row: how large their keys may be, and what they
 *	  cost.
 *
 * In Aurora DSQL all columns of a key share some bytes, and the key of a
 * secondary index has the columns of the primary key as well.  Each entry of a
 * secondary index counts for the size of the transaction.
 *
 * A table's keys are looked up once and kept until its definition changes.
 * Only the values of an expression, or the condition of a partial index, have
 * to be evaluated for each row.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "base/settings.h"
#include "catalog/index.h"
#include "catalog/pg_index.h"
#include "dialect/index_entries.h"
#include "executor/executor.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Measured: bytes of a key, and how many fewer for each further column. */
#define KEY_MAX	   1981
#define COLUMN_FEE 7

/*
 * Bytes that an entry costs besides its key.  With it 500 rows with four
 * indexes on 100 bytes hold the 9.11 MiB that were measured.
 */
#define ENTRY_OVERHEAD 314

/* One index. */
typedef struct Key
{
	Oid		   index;
	bool	   is_primary;
	bool	   is_computed; /* an expression or a condition */
	int		   ncolumns;
	AttrNumber columns[INDEX_MAX_KEYS];
} Key;

/* All indexes of a table. */
typedef struct TableKeys
{
	Oid	 table; /* the key of the hash table */
	int	 nkeys;
	Key *keys;
	Key *primary; /* or NULL */
} TableKeys;

static HTAB			*tables = NULL;
static MemoryContext context = NULL;
static TableKeys	*latest = NULL; /* of tables: what was looked up last */
static bool			 is_stale = false;

static void
at_relcache_invalidation(Datum arg, Oid relid)
{
	is_stale = true;
}

void
index_entries_init(void)
{
	/* In the postmaster: every backend inherits the registration. */
	CacheRegisterRelcacheCallback(at_relcache_invalidation, (Datum) 0);
}

/* ---- What is known of tables ---- */

static void
forget_all(void)
{
	HASHCTL settings = {.keysize = sizeof(Oid),
						.entrysize = sizeof(TableKeys)};

	latest = NULL;
	if (context != NULL)
		MemoryContextDelete(context);
	context = AllocSetContextCreate(TopMemoryContext, "dsql keys of tables",
									ALLOCSET_SMALL_SIZES);
	settings.hcxt = context;
	tables = hash_create("dsql keys of tables", 32, &settings,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	is_stale = false;
}

/* False: the index takes no entries. */
static bool
read_key(Oid index, Key *key)
{
	HeapTuple	  tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;
	bool		  is_ready;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	form = (Form_pg_index) GETSTRUCT(tuple);
	is_ready = form->indisready;
	key->index = index;
	key->is_primary = form->indisprimary;
	key->is_computed = !heap_attisnull(tuple, Anum_pg_index_indexprs, NULL) ||
					   !heap_attisnull(tuple, Anum_pg_index_indpred, NULL);
	key->ncolumns = form->indnkeyatts;
	for (int i = 0; i < form->indnkeyatts; i++)
		key->columns[i] = form->indkey.values[i];
	ReleaseSysCache(tuple);
	return is_ready;
}

static void
read_table(Relation rel, TableKeys *found)
{
	List	 *indexes = RelationGetIndexList(rel);
	ListCell *cell;

	found->nkeys = 0;
	found->primary = NULL;
	found->keys =
		MemoryContextAlloc(context, (list_length(indexes) + 1) * sizeof(Key));
	foreach (cell, indexes)
	{
		Key *key = &found->keys[found->nkeys];

		if (!read_key(lfirst_oid(cell), key))
			continue;
		if (key->is_primary)
			found->primary = key;
		found->nkeys++;
	}
	list_free(indexes);
}

static const TableKeys *
find_table(Relation rel)
{
	Oid		   table = RelationGetRelid(rel);
	TableKeys *found;

	if (tables == NULL || is_stale)
		forget_all();
	if (latest != NULL && latest->table == table)
		return latest;
	found = hash_search(tables, &table, HASH_FIND, NULL);
	if (found == NULL)
	{
		TableKeys read;

		read_table(rel, &read);
		found = hash_search(tables, &table, HASH_ENTER, NULL);
		read.table = table;
		*found = read;
	}
	latest = found;
	return found;
}

/* ---- The size of a key ---- */

/* What a key has so far. */
typedef struct KeySize
{
	int	 columns;
	Size bytes;
} KeySize;

static void
add_value(KeySize *size, Datum value, bool is_null, int16 typlen)
{
	size->columns++;
	if (is_null)
		return;
	if (typlen == -1)
		size->bytes += toast_raw_datum_size(value) - VARHDRSZ;
	else
		size->bytes += typlen > 0 ? typlen : strlen(DatumGetCString(value));
}

/* The key's columns of an index. */
static void
add_values(KeySize *size, Relation index, const Datum *values,
		   const bool *nulls)
{
	TupleDesc desc = RelationGetDescr(index);

	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
		add_value(size, values[i], nulls[i], TupleDescAttr(desc, i)->attlen);
}

static void
add_column(KeySize *size, TupleTableSlot *slot, AttrNumber number)
{
	bool  is_null;
	Datum value = slot_getattr(slot, number, &is_null);

	add_value(size, value, is_null,
			  TupleDescAttr(slot->tts_tupleDescriptor, number - 1)->attlen);
}

static bool
has_column(const Key *key, AttrNumber number)
{
	for (int i = 0; i < key->ncolumns; i++)
		if (key->columns[i] == number)
			return true;
	return false;
}

static void
add_primary_key(KeySize *size, TupleTableSlot *slot, const Key *key,
				const Key *primary)
{
	if (primary == NULL || key == primary)
		return;
	for (int i = 0; i < primary->ncolumns; i++)
		if (!has_column(key, primary->columns[i]))
			add_column(size, slot, primary->columns[i]);
}

/* False: the row has no entry in this partial index. */
static bool
add_computed_values(KeySize *size, EState *estate, Relation index,
					TupleTableSlot *slot)
{
	IndexInfo *info = BuildIndexInfo(index);
	Datum	   values[INDEX_MAX_KEYS];
	bool	   nulls[INDEX_MAX_KEYS];

	GetPerTupleExprContext(estate)->ecxt_scantuple = slot;
	if (info->ii_Predicate != NIL &&
		!ExecQual(ExecPrepareQual(info->ii_Predicate, estate),
				  GetPerTupleExprContext(estate)))
		return false;
	FormIndexDatum(info, slot, estate, values, nulls);
	add_values(size, index, values, nulls);
	return true;
}

static bool
add_computed_key(KeySize *size, const Key *key, TupleTableSlot *slot)
{
	EState	*estate = CreateExecutorState();
	Relation index = index_open(key->index, AccessShareLock);
	bool	 has_entry = add_computed_values(size, estate, index, slot);

	index_close(index, AccessShareLock);
	FreeExecutorState(estate);
	return has_entry;
}

static bool
is_too_large(const KeySize *size)
{
	return size->bytes + COLUMN_FEE * (size->columns - 1) > KEY_MAX;
}

static void
check_size(const KeySize *size)
{
	if (is_too_large(size))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("key size too large")));
}

/* The key's bytes, or -1 if there is no entry. */
static int64
key_bytes(const Key *key, const Key *primary, TupleTableSlot *slot)
{
	KeySize size = {0, 0};

	if (!key->is_computed)
	{
		for (int i = 0; i < key->ncolumns; i++)
			add_column(&size, slot, key->columns[i]);
	}
	else if (!add_computed_key(&size, key, slot))
		return -1;
	add_primary_key(&size, slot, key, primary);
	check_size(&size);
	return (int64) size.bytes;
}

/*
 * A computed value may run a function of the user, in which a definition can
 * become stale: what is known is kept until the next row.
 */
Size
index_entries_check(Relation rel, TupleTableSlot *slot)
{
	const TableKeys *table;
	Size			 cost = 0;

	if (!settings_is_strict() || !rel->rd_rel->relhasindex)
		return 0;
	table = find_table(rel);
	for (int i = 0; i < table->nkeys; i++)
	{
		const Key *key = &table->keys[i];
		int64	   bytes = key_bytes(key, table->primary, slot);

		if (bytes >= 0 && !key->is_primary)
			cost += ENTRY_OVERHEAD + bytes;
	}
	return cost;
}

/* ---- Indexes that are being built ---- */

bool
index_entries_fit(Relation index, const Datum *values, const bool *nulls)
{
	KeySize size = {0, 0};

	add_values(&size, index, values, nulls);
	return !is_too_large(&size);
}

static const Key *
find_key(const TableKeys *table, Oid index)
{
	for (int i = 0; i < table->nkeys; i++)
		if (table->keys[i].index == index)
			return &table->keys[i];
	return NULL;
}

void
index_entries_check_built(Relation table, Relation index, const Datum *values,
						  const bool *nulls, TupleTableSlot *row)
{
	const TableKeys *keys = find_table(table);
	const Key		*key = find_key(keys, RelationGetRelid(index));
	KeySize			 size = {0, 0};

	add_values(&size, index, values, nulls);
	if (key != NULL)
		add_primary_key(&size, row, key, keys->primary);
	check_size(&size);
}
