/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_views.c
 *	  Catalogs with the columns of PostgreSQL 16, whatever the server's are.
 *
 * Clients believe that the server is version 16 and ask for that version's
 * columns, such as pg_database.daticurules.  sys/cluster.sql creates views
 * with these columns, which have the names of the catalogs and are in schema
 * pg_toast, where no tool looks for a user's objects.
 *
 * PostgreSQL looks a name up before an extension can change the statement.
 * The only schema that it searches before pg_catalog is that of the session's
 * temporary tables, which Aurora DSQL does not have.  So the session is told
 * that pg_toast is that schema.  This makes it the meaning of "pg_temp" too:
 * the gateway writes that in place of "pg_catalog" where one of these names
 * follows (src/gateway/sql_rewriter.c).  Nobody may create anything in it,
 * since cluster.sql revokes TEMPORARY.
 *
 * What a query says of the views is made to be true of the catalogs (OID,
 * tableoid), and functions that would show the views do not.  The owner of a
 * cluster is not affected.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "dialect/catalog_views.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(dsql_current_schemas);
PG_FUNCTION_INFO_V1(dsql_has_any_column_privilege);
PG_FUNCTION_INFO_V1(dsql_has_column_privilege);
PG_FUNCTION_INFO_V1(dsql_has_table_privilege);
PG_FUNCTION_INFO_V1(dsql_table_is_visible);

void
catalog_views_begin_session(void)
{
	SetTempNamespaceState(PG_TOAST_NAMESPACE, InvalidOid);
}

/* The catalog that a view stands for.  InvalidOid: it is no such view. */
static Oid
find_catalog(Oid view)
{
	if (get_rel_namespace(view) != PG_TOAST_NAMESPACE ||
		get_rel_relkind(view) != RELKIND_VIEW)
		return InvalidOid;
	return get_relname_relid(get_rel_name(view), PG_CATALOG_NAMESPACE);
}

/* ---- Queries ---- */

void
catalog_views_adapt_constant(Const *constant)
{
	Oid catalog;

	if (constant->consttype != REGCLASSOID || constant->constisnull)
		return;
	catalog = find_catalog(DatumGetObjectId(constant->constvalue));
	if (OidIsValid(catalog))
		constant->constvalue = ObjectIdGetDatum(catalog);
}

/* The catalog of a column tableoid; queries: the innermost one first. */
static Oid
catalog_of_tableoid(const Var *var, List *queries)
{
	Query		  *query;
	RangeTblEntry *entry;

	if (var->varattno != TableOidAttributeNumber ||
		var->varlevelsup >= list_length(queries))
		return InvalidOid;
	query = list_nth_node(Query, queries, var->varlevelsup);
	entry = rt_fetch(var->varno, query->rtable);
	return entry->relkind == RELKIND_VIEW ? find_catalog(entry->relid)
										  : InvalidOid;
}

/*
 * NULL in a row that an outer join adds, so it depends on another column: the
 * first one of each view is oid, which is never NULL otherwise.
 */
static Node *
make_tableoid(const Var *tableoid, Oid catalog)
{
	CaseExpr *result = makeNode(CaseExpr);
	CaseWhen *when = makeNode(CaseWhen);
	NullTest *test = makeNode(NullTest);
	Var		 *oid = copyObject(unconstify(Var *, tableoid));

	oid->varattno = 1;
	oid->varattnosyn = 1;
	test->arg = (Expr *) oid;
	test->nulltesttype = IS_NOT_NULL;
	test->location = -1;
	when->expr = (Expr *) test;
	when->result = (Expr *) makeConst(OIDOID, -1, InvalidOid, sizeof(Oid),
									  ObjectIdGetDatum(catalog), false, true);
	when->location = -1;
	result->casetype = OIDOID;
	result->args = list_make1(when);
	result->defresult = (Expr *) makeNullConst(OIDOID, -1, InvalidOid);
	result->location = -1;
	return (Node *) result;
}

/* queries: those around the node, the innermost one first. */
static Node *
replace_tableoid(Node *node, void *queries)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Oid catalog = catalog_of_tableoid((Var *) node, queries);

		return OidIsValid(catalog) ? make_tableoid((Var *) node, catalog)
								   : node;
	}
	if (IsA(node, Query))
	{
		List *inside = lcons(node, list_copy(queries));

		return (Node *) query_tree_mutator((Query *) node, replace_tableoid,
										   inside, QTW_DONT_COPY_QUERY);
	}
	return expression_tree_mutator(node, replace_tableoid, queries);
}

void
catalog_views_replace_tableoid(Query *query)
{
	(void) replace_tableoid((Node *) query, NIL);
}

/* ---- Functions that would show the views, or not show the catalogs ---- */

/* In place of pg_table_is_visible(). */
Datum
dsql_table_is_visible(PG_FUNCTION_ARGS)
{
	Oid	  relation = PG_GETARG_OID(0);
	char *name = get_rel_name(relation);
	Oid	  schema = get_rel_namespace(relation);
	Oid	  view;

	if (name == NULL)
		PG_RETURN_NULL();
	if (schema == PG_TOAST_NAMESPACE)
		PG_RETURN_BOOL(false);
	if (schema == PG_CATALOG_NAMESPACE)
	{
		view = get_relname_relid(name, PG_TOAST_NAMESPACE);
		if (OidIsValid(view) && find_catalog(view) == relation)
			PG_RETURN_BOOL(true);
	}
	PG_RETURN_BOOL(RelationIsVisible(relation));
}

/* In place of current_schemas(). */
Datum
dsql_current_schemas(PG_FUNCTION_ARGS)
{
	List	 *path = fetch_search_path(PG_GETARG_BOOL(0));
	Datum	 *names = palloc(sizeof(Datum) * (list_length(path) + 1));
	int		  count = 0;
	ListCell *cell;

	foreach (cell, path)
	{
		char *name = lfirst_oid(cell) == PG_TOAST_NAMESPACE
						 ? NULL
						 : get_namespace_name(lfirst_oid(cell));

		if (name != NULL)
			names[count++] =
				DirectFunctionCall1(namein, CStringGetDatum(name));
	}
	list_free(path);
	PG_RETURN_ARRAYTYPE_P(construct_array(names, count, NAMEOID, NAMEDATALEN,
										  false, TYPALIGN_CHAR));
}

/*
 * In place of has_table_privilege(), has_any_column_privilege() and
 * has_column_privilege(), with which information_schema finds what a role may
 * read: everybody may read the views, and nobody is told.
 */
Datum
dsql_has_table_privilege(PG_FUNCTION_ARGS)
{
	if (OidIsValid(find_catalog(PG_GETARG_OID(0))))
		PG_RETURN_BOOL(false);
	return has_table_privilege_id(fcinfo);
}

Datum
dsql_has_any_column_privilege(PG_FUNCTION_ARGS)
{
	if (OidIsValid(find_catalog(PG_GETARG_OID(0))))
		PG_RETURN_BOOL(false);
	return has_any_column_privilege_id(fcinfo);
}

Datum
dsql_has_column_privilege(PG_FUNCTION_ARGS)
{
	if (OidIsValid(find_catalog(PG_GETARG_OID(0))))
		PG_RETURN_BOOL(false);
	return has_column_privilege_id_attnum(fcinfo);
}
