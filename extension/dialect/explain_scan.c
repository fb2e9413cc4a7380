/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_scan.c
 *	  How Aurora DSQL reads a table.
 *
 * Its storage evaluates conditions and returns columns.  Which conditions is
 * not published: those that published plans show there are, and all others
 * count as evaluated by the query processor, which is the safe side for who
 * reads how much is transferred.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "base/compat.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "dialect/explain_scan.h"
#include "executor/instrument.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* ---- Conditions ---- */

static const Oid storage_types[] = {
	BOOLOID, INT2OID,	 INT4OID, INT8OID,
	TEXTOID, VARCHAROID, DATEOID, TIMESTAMPOID,
};

/* Is it a column whose type the storage compares? */
static bool
is_comparable_column(Node *node)
{
	if (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (!IsA(node, Var))
		return false;
	for (int i = 0; i < lengthof(storage_types); i++)
		if (((Var *) node)->vartype == storage_types[i])
			return true;
	return false;
}

/* =, <, <=, > or >= */
static bool
is_ordering_operator(Oid operator)
{
	ListCell *cell;

	foreach (cell, GET_ORDERINGS_COMPAT(operator))
		if (IS_STRATEGY_COMPAT(lfirst(cell)))
			return true;
	return false;
}

static bool
is_evaluated_by_storage(Node *condition)
{
	const OpExpr *comparison = (OpExpr *) condition;

	if (IsA(condition, Var))
		return is_comparable_column(condition);
	if (!IsA(condition, OpExpr) || list_length(comparison->args) != 2)
		return false;
	return is_comparable_column(linitial(comparison->args)) &&
		   IsA(lsecond(comparison->args), Const) &&
		   is_ordering_operator(comparison->opno);
}

/* ---- Columns ---- */

#define OFFSET(column) ((column) -FirstLowInvalidHeapAttributeNumber)

/* All of them, if the expression has the whole row; system columns are not. */
static Bitmapset *
columns_of(const ExplainScan *scan, Node *expression)
{
	TupleDesc  desc = RelationGetDescr(scan->state->ss_currentRelation);
	Bitmapset *found = NULL;
	Bitmapset *result = NULL;
	bool	   has_row;

	pull_varattnos(expression, ((Scan *) scan->state->ps.plan)->scanrelid,
				   &found);
	has_row = bms_is_member(OFFSET(InvalidAttrNumber), found);
	for (int i = 1; i <= desc->natts; i++)
		if (bms_is_member(OFFSET(i), found) ||
			(has_row && !TupleDescAttr(desc, i - 1)->attisdropped))
			result = bms_add_member(result, i);
	return result;
}

/* The columns of its key and those that it includes, not expressions. */
static Bitmapset *
columns_of_index(Oid index, bool *is_primary)
{
	HeapTuple	  tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;
	Bitmapset	 *result = NULL;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	form = (Form_pg_index) GETSTRUCT(tuple);
	*is_primary = form->indisprimary;
	for (int i = 0; i < form->indnatts; i++)
		if (form->indkey.values[i] > 0)
			result = bms_add_member(result, form->indkey.values[i]);
	ReleaseSysCache(tuple);
	return result;
}

/* As the planner computes it. */
static int32
width_of(Oid table, const Var *column)
{
	int32 width = get_attavgwidth(table, column->varattno);

	return width > 0 ? width
					 : get_typavgwidth(column->vartype, column->vartypmod);
}

/*
 * PostgreSQL may have a scan return the row as it is stored, when that saves
 * a projection.  The plan's width is still that of the columns that are
 * needed, and no column is without a width.
 */
static bool
returns_needed_columns(const ExplainScan *scan)
{
	const Plan *plan = scan->state->ps.plan;
	Relation	table = scan->state->ss_currentRelation;
	int			width = 0;
	ListCell   *cell;

	if (list_length(plan->targetlist) != RelationGetNumberOfAttributes(table))
		return true;
	foreach (cell, plan->targetlist)
	{
		const TargetEntry *entry = lfirst_node(TargetEntry, cell);
		const Var		  *column = (Var *) entry->expr;

		if (!IsA(column, Var) || column->varattno != entry->resno)
			return true;
		width += width_of(RelationGetRelid(table), column);
	}
	return width == plan->plan_width;
}

static List *
names_of(const ExplainScan *scan, const Bitmapset *columns)
{
	TupleDesc desc = RelationGetDescr(scan->state->ss_currentRelation);
	List	 *result = NIL;
	int		  column = -1;

	while ((column = bms_next_member(columns, column)) > 0)
		result =
			lappend(result, (char *) quote_identifier(NameStr(
								TupleDescAttr(desc, column - 1)->attname)));
	return result;
}

/* ---- A scan ---- */

/* A condition on columns that an index has is evaluated there. */
static void
add_filter(ExplainScan *scan, Node *condition, const Bitmapset *of_index)
{
	ExplainStep step = EXPLAIN_PROCESSOR;

	if (is_evaluated_by_storage(condition))
		step = !OidIsValid(scan->index) || scan->is_index_only ||
					   bms_is_subset(columns_of(scan, condition), of_index)
				   ? EXPLAIN_STORAGE_SCAN
				   : EXPLAIN_STORAGE_LOOKUP;
	scan->filters[step] = lappend(scan->filters[step], condition);
}

/* What the storage returns: the scan's result, and the processor's filters. */
static Bitmapset *
needed_columns(const ExplainScan *scan)
{
	const Plan *plan = scan->state->ps.plan;
	Bitmapset  *result = NULL;
	ListCell   *cell;

	if (plan->plan_width > 0)
		result = columns_of(scan, (Node *) plan->targetlist);
	foreach (cell, plan->qual)
		if (!is_evaluated_by_storage(lfirst(cell)))
			result = bms_union(result, columns_of(scan, lfirst(cell)));
	return result;
}

/*
 * The index of the primary key is the table.  Another one is enough if it has
 * all columns that are needed; PostgreSQL looks at the table nevertheless,
 * because only the table says which rows are visible.
 */
static bool
is_index_only(const ExplainScan *scan, const Bitmapset *needed,
			  const Bitmapset *of_index, bool is_primary)
{
	Bitmapset *all = bms_union(
		needed, columns_of(scan, (Node *) scan->state->ps.plan->qual));

	return is_primary || (scan->knows_columns && bms_is_subset(all, of_index));
}

ExplainScan *
explain_scan_make(ScanState *state, const CustomScanMethods *methods)
{
	ExplainScan *scan = palloc0(sizeof(ExplainScan));
	Bitmapset	*of_index = NULL;
	Bitmapset	*needed;
	bool		 is_primary = false;
	ListCell	*cell;

	scan->state = state;
	scan->methods = methods;
	scan->knows_columns =
		state->ps.plan->plan_width == 0 || returns_needed_columns(scan);
	needed = needed_columns(scan);
	scan->columns = names_of(scan, needed);
	if (IsA(state, IndexScanState))
	{
		scan->index = ((IndexScan *) state->ps.plan)->indexid;
		of_index = columns_of_index(scan->index, &is_primary);
		scan->is_index_only =
			is_index_only(scan, needed, of_index, is_primary);
	}
	foreach (cell, state->ps.plan->qual)
		add_filter(scan, lfirst(cell), of_index);
	return scan;
}

/* ---- Rows ---- */

/* Has one of the steps a condition, without the last one? */
static bool
filters_between(const ExplainScan *scan, int first, int end)
{
	for (int i = first; i < end; i++)
		if (scan->filters[i] != NIL)
			return true;
	return false;
}

bool
explain_scan_estimates_rows(const ExplainScan *scan, ExplainStep step)
{
	return !filters_between(scan, step, EXPLAIN_STEPS);
}

double
explain_scan_rows(const ExplainScan *scan, ExplainStep step)
{
	const Instrumentation *counted = scan->state->ps.instrument;
	double				   rows = counted->ntuples / counted->nloops;

	if (!filters_between(scan, step, EXPLAIN_STEPS))
		return rows;
	if (filters_between(scan, 0, step))
		return -1;
	return rows + counted->nfiltered1 / counted->nloops;
}

double
explain_scan_removed(const ExplainScan *scan, ExplainStep step)
{
	double before = explain_scan_rows(scan, step);
	double after = explain_scan_rows(scan, step + 1);

	return before < 0 || after < 0 ? -1 : before - after;
}
