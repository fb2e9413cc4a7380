/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * object_limits.c
 *	  How many schemas, tables, columns and so on there may be.
 *
 * The numbers are the service's quotas, and the errors its texts.  Of two
 * transactions that create the last allowed object at the same time, one gets
 * OC001 (schema/touched.c).
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "base/compat.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_rewrite.h"
#include "dialect/object_limits.h"
#include "storage/lockdefs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#define SCHEMAS_MAX			  10
#define TABLES_MAX			  1000
#define VIEWS_MAX			  5000
#define SEQUENCES_MAX		  5000
#define STATISTICS_MAX		  5
#define STATISTICS_TARGET_MAX 100
#define COLUMNS_MAX			  255
#define INDEXES_MAX			  24
#define KEY_COLUMNS_MAX		  8

/*
 * Bytes of a view's definition as it is stored, which is the parse tree as
 * text.  A view that selects a literal of 512 KiB was refused: each byte of it
 * takes four.
 */
#define VIEW_DEFINITION_MAX (2 * 1024 * 1024)

/* ---- Counting ---- */

/* May users create relations in this schema? */
static bool
is_users(Oid schema)
{
	return schema >= FirstNormalObjectId || schema == PG_PUBLIC_NAMESPACE;
}

static int
count_schemas(void)
{
	Oid			sys = get_namespace_oid("sys", true);
	Relation	catalog = table_open(NamespaceRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	HeapTuple tuple;
	int		  count = 0;

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_namespace schema = (Form_pg_namespace) GETSTRUCT(tuple);

		count += schema->oid >= FirstNormalObjectId && schema->oid != sys &&
				 !IsReservedName(NameStr(schema->nspname));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return count;
}

static int
count_relations(char kind)
{
	Oid			sys = get_namespace_oid("sys", true);
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	HeapTuple tuple;
	int		  count = 0;

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_class relation = (Form_pg_class) GETSTRUCT(tuple);

		count += relation->relkind == kind && relation->relnamespace != sys &&
				 is_users(relation->relnamespace);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return count;
}

/* ---- Limits of a cluster ---- */

/* IF NOT EXISTS and OR REPLACE then create nothing. */
static bool
exists(const RangeVar *name)
{
	return OidIsValid(RangeVarGetRelid(name, NoLock, true));
}

void
object_limits_check_schemas(void)
{
	if (count_schemas() >= SCHEMAS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d schemas not allowed", SCHEMAS_MAX)));
}

void
object_limits_check_tables(const RangeVar *name)
{
	if (!exists(name) && count_relations(RELKIND_RELATION) >= TABLES_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("creating more than %d tables not allowed",
							   TABLES_MAX)));
}

void
object_limits_check_views(const RangeVar *name)
{
	if (!exists(name) && count_relations(RELKIND_VIEW) >= VIEWS_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("creating more than %d views not allowed",
							   VIEWS_MAX)));
}

void
object_limits_check_sequences(const RangeVar *name)
{
	if (!exists(name) && count_relations(RELKIND_SEQUENCE) >= SEQUENCES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("creating more than %d sequences is not allowed",
						SEQUENCES_MAX)));
}

/* The row was written by the running command: only SnapshotSelf sees it. */
void
object_limits_check_view_definition(Oid rule)
{
	Relation	catalog = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_rewrite_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(rule));
	scan = systable_beginscan(catalog, RewriteOidIndexId, true, SnapshotSelf,
							  1, &key);
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		bool  is_null;
		Datum tree = heap_getattr(tuple, Anum_pg_rewrite_ev_action,
								  RelationGetDescr(catalog), &is_null);

		if (toast_raw_datum_size(tree) - VARHDRSZ > VIEW_DEFINITION_MAX)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("view definition too large")));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

/* ---- Limits of a table ---- */

void
object_limits_check_columns(int columns)
{
	if (columns > COLUMNS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("tables can have at most %d columns", COLUMNS_MAX)));
}

void
object_limits_check_added_columns(int columns, Oid table)
{
	Relation relation = table_open(table, NoLock);

	for (int i = 0; i < RelationGetNumberOfAttributes(relation); i++)
		columns += !TupleDescAttr(RelationGetDescr(relation), i)->attisdropped;
	table_close(relation, NoLock);
	object_limits_check_columns(columns);
}

void
object_limits_check_indexes(int indexes)
{
	if (indexes > INDEXES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d indexes per table are not allowed",
						INDEXES_MAX)));
}

void
object_limits_check_key(int columns)
{
	if (columns > KEY_COLUMNS_MAX)
		ereport(ERROR, (errcode(ERRCODE_TOO_MANY_COLUMNS),
						errmsg("more than %d column keys in an index are not "
							   "supported",
							   KEY_COLUMNS_MAX)));
}

static int
count_statistics(Oid table)
{
	Relation relation = table_open(table, NoLock);
	List	*statistics = RelationGetStatExtList(relation);
	int		 count = list_length(statistics);

	list_free(statistics);
	table_close(relation, NoLock);
	return count;
}

void
object_limits_check_statistics(Node *statement)
{
	const CreateStatsStmt *create = castNode(CreateStatsStmt, statement);
	Oid					   table = InvalidOid;

	if (list_length(create->relations) == 1 &&
		IsA(linitial(create->relations), RangeVar))
		table = RangeVarGetRelid(linitial_node(RangeVar, create->relations),
								 AccessShareLock, true);
	if (OidIsValid(table) && get_rel_relkind(table) == RELKIND_RELATION &&
		count_statistics(table) >= STATISTICS_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("more than %d extended statistics per table "
							   "are not allowed",
							   STATISTICS_MAX)));
}

void
object_limits_check_statistics_target(Node *statement)
{
	const AlterStatsStmt *alter = castNode(AlterStatsStmt, statement);
	int					  target = STATISTICS_TARGET_COMPAT(alter);

	if (target > STATISTICS_TARGET_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("statistics target %d exceeds maximum allowed value "
						"of %d",
						target, STATISTICS_TARGET_MAX)));
}
