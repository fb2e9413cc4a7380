/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stored_columns.c
 *	  The columns of a table or an index, once they are in the catalog.
 *
 * A statement does not name all of them: LIKE copies those of another table or
 * of a view, which may have any type that a query may have, and the key of an
 * index may be an expression.  So they are read back from the catalog as soon
 * as they are there.  What a statement does name was checked before, in the
 * service's order (table.c, alter_table.c, jobs/syntax.c).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "dialect/object_limits.h"
#include "dialect/refuse.h"
#include "dialect/stored_columns.h"
#include "dialect/types.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* ---- Rows of catalogs ---- */

/*
 * Calls visit for each row whose column key is that relation.  The rows were
 * written by the running command: only SnapshotSelf sees them.  How many.
 */
static int
each_row(Oid catalog_id, Oid index, AttrNumber key_column, Oid relation,
		 void (*visit)(HeapTuple row, void *context), void *context)
{
	Relation	catalog = table_open(catalog_id, AccessShareLock);
	int			count = 0;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, key_column, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, index, true, SnapshotSelf, 1, &key);
	while ((row = systable_getnext(scan)) != NULL)
	{
		if (visit != NULL)
			visit(row, context);
		count++;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return count;
}

static void
take_kind(HeapTuple row, void *context)
{
	*(char *) context = ((Form_pg_class) GETSTRUCT(row))->relkind;
}

static char
kind_of(Oid relation)
{
	char kind = '\0';

	(void) each_row(RelationRelationId, ClassOidIndexId, Anum_pg_class_oid,
					relation, take_kind, &kind);
	return kind;
}

/* ---- Tables ---- */

static void
check_column(HeapTuple row, void *context)
{
	const FormData_pg_attribute *column = (Form_pg_attribute) GETSTRUCT(row);
	int							*columns = context;

	if (column->attnum <= 0 || column->attisdropped)
		return;
	dialect_types_check_column(column->atttypid, column->atttypmod);
	if (column->attcollation != get_typcollation(column->atttypid))
		dialect_refuse("COLLATE clause not supported");
	(*columns)++;
}

static void
check_table(Oid table)
{
	int columns = 0;

	(void) each_row(AttributeRelationId, AttributeRelidNumIndexId,
					Anum_pg_attribute_attrelid, table, check_column, &columns);
	object_limits_check_columns(columns);
}

/* ---- Indexes ---- */

typedef struct IndexRow
{
	Oid table;
	int nkeys; /* without those that it includes */
} IndexRow;

static void
take_index(HeapTuple row, void *context)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(row);
	IndexRow	 *index = context;

	index->table = form->indrelid;
	index->nkeys = form->indnkeyatts;
}

static void
check_key(HeapTuple row, void *context)
{
	const FormData_pg_attribute *column = (Form_pg_attribute) GETSTRUCT(row);
	const IndexRow				*index = context;

	if (column->attnum > index->nkeys)
		return;
	dialect_types_check_key(column->atttypid, column->atttypmod);
	if (OidIsValid(column->attcollation))
		dialect_types_check_collation(column->attcollation);
}

static void
check_index(Oid relation)
{
	IndexRow index = {InvalidOid, 0};

	(void) each_row(IndexRelationId, IndexRelidIndexId,
					Anum_pg_index_indexrelid, relation, take_index, &index);
	if (kind_of(index.table) != RELKIND_RELATION)
		return; /* where PostgreSQL keeps long values */
	(void) each_row(AttributeRelationId, AttributeRelidNumIndexId,
					Anum_pg_attribute_attrelid, relation, check_key, &index);
	object_limits_check_key(index.nkeys);
	object_limits_check_indexes(each_row(IndexRelationId, IndexIndrelidIndexId,
										 Anum_pg_index_indrelid, index.table,
										 NULL, NULL));
}

void
dialect_stored_columns_check(Oid relation)
{
	switch (kind_of(relation))
	{
		case RELKIND_RELATION:
			check_table(relation);
			break;
		case RELKIND_INDEX:
			check_index(relation);
			break;
		default:
			break;
	}
}
