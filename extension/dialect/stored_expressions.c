/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stored_expressions.c
 *	  Expressions that are stored in a catalog: defaults, CHECKs, indexes.
 *
 * PostgreSQL analyzes them without asking an extension.  So they are read back
 * from the catalog as soon as they are there: of a column its default or what
 * generates it, of a domain its default, a CHECK, of a function the body and
 * the defaults of its arguments, of an index its keys and its predicate, of
 * statistics what they are about.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "dialect/query.h"
#include "dialect/session.h"
#include "dialect/stored_expressions.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Where the expressions of an object are. */
typedef struct StoredIn
{
	Oid		   class_id; /* of the object */
	Oid		   catalog;
	Oid		   index;
	AttrNumber key;
} StoredIn;

static const StoredIn stored_in[] = {
	/* PostgreSQL names the table, not the default. */
	{AttrDefaultRelationId, AttrDefaultRelationId, AttrDefaultIndexId,
	 Anum_pg_attrdef_adrelid},
	{ConstraintRelationId, ConstraintRelationId, ConstraintOidIndexId,
	 Anum_pg_constraint_oid},
	{ProcedureRelationId, ProcedureRelationId, ProcedureOidIndexId,
	 Anum_pg_proc_oid},
	{RelationRelationId, IndexRelationId, IndexRelidIndexId,
	 Anum_pg_index_indexrelid},
	{StatisticExtRelationId, StatisticExtRelationId, StatisticExtOidIndexId,
	 Anum_pg_statistic_ext_oid},
	{TypeRelationId, TypeRelationId, TypeOidIndexId, Anum_pg_type_oid},
};

/* Every column whose type is an analyzed expression. */
static void
check_tuple(HeapTuple tuple, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		bool  is_null;
		Datum value;

		if (TupleDescAttr(desc, i)->atttypid != PG_NODE_TREEOID)
			continue;
		value = heap_getattr(tuple, i + 1, desc, &is_null);
		if (!is_null)
			dialect_query_check_expression(
				stringToNode(TextDatumGetCString(value)));
	}
}

/* The row was written by the running command: only SnapshotSelf sees it. */
static void
check_object(const StoredIn *where, Oid object)
{
	Relation	catalog = table_open(where->catalog, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, where->key, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(object));
	scan =
		systable_beginscan(catalog, where->index, true, SnapshotSelf, 1, &key);
	while ((tuple = systable_getnext(scan)) != NULL)
		check_tuple(tuple, RelationGetDescr(catalog));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

void
dialect_stored_expressions_check(Oid catalog, Oid object)
{
	if (!dialect_applies())
		return;
	for (int i = 0; i < lengthof(stored_in); i++)
		if (stored_in[i].class_id == catalog)
			check_object(&stored_in[i], object);
}
