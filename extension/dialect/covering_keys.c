/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * covering_keys.c
 *	  The index of a primary key, which includes all other columns.
 *
 * In Aurora DSQL a table is stored in the order of its primary key: the key's
 * index is the table, and the catalogs say that it includes all columns that
 * are not in the key.  Tools that compare schemas read that.
 *
 * Here such an index has the key's columns only; with all others no update
 * could be HOT, and no row be larger than a third of a page.  So pg_index is
 * as PostgreSQL needs it, and sessions of the dialect read two of its columns,
 * indkey and indnatts, through functions.  pg_get_indexdef() and
 * pg_get_constraintdef() are replaced (replaced_functions.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "dialect/covering_keys.h"
#include "dialect/session.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "sys/functions.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(dsql_index_columns);
PG_FUNCTION_INFO_V1(dsql_index_column_count);
PG_FUNCTION_INFO_V1(dsql_get_indexdef);
PG_FUNCTION_INFO_V1(dsql_get_indexdef_column);
PG_FUNCTION_INFO_V1(dsql_get_constraintdef);

/* ---- Columns ---- */

/* How many columns the relation has, with those that were dropped. */
static int
column_count(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	int		  result;

	if (!HeapTupleIsValid(tuple))
		return 0;
	result = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	return result;
}

bool
covering_keys_apply_to(Oid table)
{
	HeapTuple	  tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Form_pg_class form;
	bool		  result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	result =
		form->relkind == RELKIND_RELATION && form->relam != HEAP_TABLE_AM_OID;
	ReleaseSysCache(tuple);
	return result;
}

static bool
is_in(const int2vector *columns, AttrNumber column)
{
	for (int i = 0; i < columns->dim1; i++)
		if (columns->values[i] == column)
			return true;
	return false;
}

/* NULL: the column was dropped. */
static char *
column_name(Oid table, AttrNumber column)
{
	HeapTuple tuple = SearchSysCacheAttNum(table, column);
	char	 *result;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	result = pstrdup(NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname));
	ReleaseSysCache(tuple);
	return result;
}

/* The table's columns that the index does not have. */
static List *
other_columns(Oid table, const int2vector *columns)
{
	List *result = NIL;
	int	  ncolumns = column_count(table);

	for (AttrNumber column = 1; column <= ncolumns; column++)
		if (!is_in(columns, column) && column_name(table, column) != NULL)
			result = lappend_int(result, column);
	return result;
}

/*
 * What the index of a primary key includes besides the columns that it has;
 * NIL for any other index, and if it was dropped in the meantime.  *table and
 * *has_others are set if it is not NIL: has_others, if its definition already
 * has columns outside the key.
 */
static List *
included_columns(Oid index, Oid *table, bool *has_others)
{
	HeapTuple	  tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;
	List		 *result = NIL;

	if (!HeapTupleIsValid(tuple))
		return NIL;
	form = (Form_pg_index) GETSTRUCT(tuple);
	*table = form->indrelid;
	*has_others = form->indnatts > form->indnkeyatts;
	if (form->indisprimary && covering_keys_apply_to(form->indrelid))
		result = other_columns(form->indrelid, &form->indkey);
	ReleaseSysCache(tuple);
	return result;
}

/* sys.dsql_index_columns(index oid, indkey int2vector) */
Datum
dsql_index_columns(PG_FUNCTION_ARGS)
{
	int2vector *columns = (int2vector *) PG_GETARG_POINTER(1);
	Oid			table;
	bool		has_others;
	List	   *more = included_columns(PG_GETARG_OID(0), &table, &has_others);
	int16	   *values;
	int			count = columns->dim1;
	ListCell   *cell;

	if (more == NIL)
		PG_RETURN_POINTER(columns);
	values = palloc((count + list_length(more)) * sizeof(int16));
	memcpy(values, columns->values, count * sizeof(int16));
	foreach (cell, more)
		values[count++] = (int16) lfirst_int(cell);
	PG_RETURN_POINTER(buildint2vector(values, count));
}

/* sys.dsql_index_column_count(index oid, indnatts int2) */
Datum
dsql_index_column_count(PG_FUNCTION_ARGS)
{
	Oid	  table;
	bool  has_others;
	List *more = included_columns(PG_GETARG_OID(0), &table, &has_others);

	PG_RETURN_INT16(PG_GETARG_INT16(1) + list_length(more));
}

/* ---- Definitions ---- */

/* PostgreSQL's function of that OID, which may return NULL. */
static char *
postgresql_definition(Oid function, FunctionCallInfo arguments, bool *is_null)
{
	LOCAL_FCINFO(call, 3);
	FmgrInfo info;
	Datum	 result;

	fmgr_info(function, &info);
	InitFunctionCallInfoData(*call, &info, arguments->nargs, InvalidOid, NULL,
							 NULL);
	memcpy(call->args, arguments->args,
		   arguments->nargs * sizeof(NullableDatum));
	result = FunctionCallInvoke(call);
	*is_null = call->isnull;
	return call->isnull ? NULL : TextDatumGetCString(result);
}

/* The definition ends with its columns: a key has no condition. */
static text *
add_included(const char *definition, Oid index)
{
	StringInfoData result;
	Oid			   table;
	bool		   has_others;
	List		  *more = included_columns(index, &table, &has_others);
	const char	  *separator = " INCLUDE (";
	ListCell	  *cell;

	initStringInfo(&result);
	appendStringInfoString(&result, definition);
	if (more == NIL)
		return cstring_to_text_with_len(result.data, result.len);
	if (has_others)
	{
		/* ... INCLUDE (a): more are added to the list. */
		result.data[--result.len] = '\0';
		separator = ", ";
	}
	foreach (cell, more)
	{
		appendStringInfo(
			&result, "%s%s", separator,
			quote_identifier(column_name(table, lfirst_int(cell))));
		separator = ", ";
	}
	appendStringInfoChar(&result, ')');
	return cstring_to_text_with_len(result.data, result.len);
}

/* sys.dsql_get_indexdef(oid) */
Datum
dsql_get_indexdef(PG_FUNCTION_ARGS)
{
	bool  is_null;
	char *definition =
		postgresql_definition(F_PG_GET_INDEXDEF_OID, fcinfo, &is_null);

	if (is_null)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(add_included(definition, PG_GETARG_OID(0)));
}

/* NULL: the index has no such column that it only includes. */
static char *
included_column(Oid index, int position, int ncolumns)
{
	Oid	  table;
	bool  has_others;
	List *more = included_columns(index, &table, &has_others);

	if (position <= ncolumns || position > ncolumns + list_length(more))
		return NULL;
	return column_name(table, list_nth_int(more, position - ncolumns - 1));
}

/* sys.dsql_get_indexdef(oid, column integer, pretty boolean) */
Datum
dsql_get_indexdef_column(PG_FUNCTION_ARGS)
{
	Oid	  index = PG_GETARG_OID(0);
	int	  position = PG_GETARG_INT32(1);
	bool  is_null;
	char *name;
	char *definition = postgresql_definition(F_PG_GET_INDEXDEF_OID_INT4_BOOL,
											 fcinfo, &is_null);

	if (is_null)
		PG_RETURN_NULL();
	if (position == 0)
		PG_RETURN_TEXT_P(add_included(definition, index));
	name = included_column(index, position, column_count(index));
	if (name != NULL)
		PG_RETURN_TEXT_P(cstring_to_text(quote_identifier(name)));
	PG_RETURN_TEXT_P(cstring_to_text(definition));
}

/* InvalidOid: the constraint is no primary key. */
static Oid
index_of_primary_key(Oid constraint)
{
	HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint form;
	Oid				   result = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (form->contype == CONSTRAINT_PRIMARY)
		result = form->conindid;
	ReleaseSysCache(tuple);
	return result;
}

/* sys.dsql_get_constraintdef(oid [, pretty boolean]) */
Datum
dsql_get_constraintdef(PG_FUNCTION_ARGS)
{
	Oid	  function = PG_NARGS() == 1 ? F_PG_GET_CONSTRAINTDEF_OID
									 : F_PG_GET_CONSTRAINTDEF_OID_BOOL;
	bool  is_null;
	char *definition = postgresql_definition(function, fcinfo, &is_null);
	Oid	  index = index_of_primary_key(PG_GETARG_OID(0));

	if (is_null)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(add_included(definition, index));
}

/* ---- Queries that read pg_index ---- */

/* A reference to pg_index, and how many queries are around it. */
typedef struct Reader
{
	Index varno;
	Index depth;
} Reader;

/* Another column of the row that the variable belongs to. */
static Expr *
column_beside(const Var *var, AttrNumber column, Oid type)
{
	Var *result = copyObject((Var *) var);

	result->varattno = column;
	result->varattnosyn = column;
	result->vartype = type;
	result->vartypmod = -1;
	result->varcollid = InvalidOid;
	return (Expr *) result;
}

static Node *
through_function(const Var *var, const char *function)
{
	Oid	  types[2] = {OIDOID, var->vartype};
	List *arguments =
		list_make2(column_beside(var, Anum_pg_index_indexrelid, OIDOID),
				   copyObject((Var *) var));

	return (Node *) makeFuncExpr(functions_find(function, types, 2),
								 var->vartype, arguments, InvalidOid,
								 InvalidOid, COERCE_EXPLICIT_CALL);
}

static Node *show_columns(Node *node, void *context);

/* SELECT i FROM pg_index i: the whole row, column by column. */
static Node *
whole_row(const Var *var)
{
	RowExpr *row = makeNode(RowExpr);
	Reader	 reader = {var->varno, var->varlevelsup};

	for (AttrNumber column = 1; column <= Natts_pg_index; column++)
	{
		Oid	  type;
		int32 typmod;
		Oid	  collation;
		Var	 *one;

		get_atttypetypmodcoll(IndexRelationId, column, &type, &typmod,
							  &collation);
		one = (Var *) column_beside(var, column, type);
		one->varcollid = collation;
		row->args = lappend(row->args, show_columns((Node *) one, &reader));
		row->colnames =
			lappend(row->colnames,
					makeString(get_attname(IndexRelationId, column, false)));
	}
	row->row_typeid = var->vartype;
	row->row_format = COERCE_IMPLICIT_CAST;
	row->location = var->location;
	return (Node *) row;
}

static Node *
show_column(const Var *var)
{
	switch (var->varattno)
	{
		case InvalidAttrNumber:
			return whole_row(var);
		case Anum_pg_index_indkey:
			return through_function(var, "dsql_index_columns");
		case Anum_pg_index_indnatts:
			return through_function(var, "dsql_index_column_count");
		default:
			return copyObject((Node *) var);
	}
}

/* A mutator. */
static Node *
show_columns(Node *node, void *context)
{
	Reader *reader = context;
	Node   *result;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varno == reader->varno &&
		((Var *) node)->varlevelsup == reader->depth)
		return show_column((Var *) node);
	if (!IsA(node, Query))
		return expression_tree_mutator(node, show_columns, context);
	reader->depth++;
	result =
		(Node *) query_tree_mutator((Query *) node, show_columns, context, 0);
	reader->depth--;
	return result;
}

static void show_in_query(Query *query);

/* A walker: the queries in expressions. */
static bool
show_in_expression(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		show_in_query((Query *) node);
		return false;
	}
	return expression_tree_walker(node, show_in_expression, context);
}

static bool
reads_pg_index(const RangeTblEntry *entry)
{
	return entry->rtekind == RTE_RELATION && entry->relid == IndexRelationId;
}

/* Most queries have no part that is a query, and are done quickly. */
static void
show_in_query(Query *query)
{
	ListCell *cell;
	bool	  has_parts = query->hasSubLinks || query->cteList != NIL;

	foreach (cell, query->rtable)
		has_parts |= lfirst_node(RangeTblEntry, cell)->rtekind == RTE_SUBQUERY;
	if (has_parts)
		(void) query_tree_walker(query, show_in_expression, NULL, 0);
	for (Index varno = 1; varno <= list_length(query->rtable); varno++)
	{
		Reader reader = {varno, 0};

		if (reads_pg_index(list_nth(query->rtable, varno - 1)))
			(void) query_tree_mutator(query, show_columns, &reader,
									  QTW_DONT_COPY_QUERY);
	}
}

void
covering_keys_show(Query *query)
{
	if (dialect_applies())
		show_in_query(query);
}
