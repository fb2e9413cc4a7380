/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_node.c
 *	  The nodes that EXPLAIN prints in place of a scan.
 *
 *	 Index Scan using i on t
 *	   Index Cond, Filter: by the query processor
 *	   -> Storage Scan on i
 *	       Projections, Filters: by the storage
 *	       -> B-Tree Scan on i
 *	   -> Storage Lookup on t
 *	       -> B-Tree Lookup on t
 *
 * Each is a custom scan.  EXPLAIN prints a header for it, which we change or
 * replace, and calls us for the rest.  The scan's own node keeps what it
 * needs of PostgreSQL's: cost, measurements and subplans.
 *
 * Numbers are PostgreSQL's.  The storage has no node of its own here, so its
 * rows and costs are left out unless they follow from those of the scan.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/namespace.h"
#include "commands/explain.h"
#include "dialect/explain_header.h"
#include "dialect/explain_node.h"
#include "dialect/explain_scan.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

typedef struct ExplainNode
{
	CustomScanState css; /* must be first */
	ExplainScan	   *scan;
	const char	   *name;	  /* of a storage node */
	bool			is_index; /* it reads the index, else the table */
	ExplainStep		input;	  /* a storage node's rows come to this step */
	ExplainStep		output;	  /* and when they leave, to this one */
} ExplainNode;

/* ---- Expressions ---- */

static char *
deparse(const ExplainScan *scan, Node *expression, bool has_prefix,
		ExplainState *es)
{
	List *context = set_deparse_context_plan(
		es->deparse_cxt, scan->state->ps.plan, scan->ancestors);

	return deparse_expression(expression, context, has_prefix, false);
}

static void
show_conditions(const ExplainScan *scan, const char *label, List *conditions,
				ExplainState *es)
{
	if (conditions != NIL)
		ExplainPropertyText(label,
							deparse(scan,
									(Node *) make_ands_explicit(conditions),
									es->verbose, es),
							es);
}

static void
show_index_condition(const ExplainScan *scan, ExplainState *es)
{
	if (OidIsValid(scan->index))
		show_conditions(scan, "Index Cond",
						((IndexScan *) scan->state->ps.plan)->indexqualorig,
						es);
}

static void
show_output(const ExplainScan *scan, ExplainState *es)
{
	List	 *texts = NIL;
	ListCell *cell;

	foreach (cell, scan->state->ps.plan->targetlist)
		texts = lappend(
			texts, deparse(scan, (Node *) lfirst_node(TargetEntry, cell)->expr,
						   list_length(es->rtable) > 1, es));
	if (es->verbose && texts != NIL)
		ExplainPropertyList("Output", texts, es);
}

/* ---- Names ---- */

/* The table's alias, if the query has one, else its name. */
static const char *
alias_of(const ExplainScan *scan, const ExplainState *es)
{
	Index		number = ((Scan *) scan->state->ps.plan)->scanrelid;
	const char *name = list_nth(es->rtable_names, number - 1);

	return name != NULL ? name : rt_fetch(number, es->rtable)->eref->aliasname;
}

static const char *
schema_of(const ExplainScan *scan)
{
	return get_namespace_name_or_temp(
		RelationGetNamespace(scan->state->ss_currentRelation));
}

/* As the text format has it, quoted where that is necessary. */
static char *
name_of_table(const ExplainScan *scan, const ExplainState *es)
{
	const char *name =
		RelationGetRelationName(scan->state->ss_currentRelation);
	const char	  *alias = alias_of(scan, es);
	StringInfoData text;

	initStringInfo(&text);
	if (es->verbose)
		appendStringInfo(&text, "%s.", quote_identifier(schema_of(scan)));
	appendStringInfoString(&text, quote_identifier(name));
	if (strcmp(alias, name) != 0)
		appendStringInfo(&text, " %s", quote_identifier(alias));
	return text.data;
}

static char *
name_of_index(const ExplainScan *scan)
{
	char *name = get_rel_name(scan->index);

	if (name == NULL)
		elog(ERROR, "cache lookup failed for index %u", scan->index);
	return name;
}

static void
show_table(const ExplainScan *scan, ExplainState *es)
{
	ExplainPropertyText(
		"Relation Name",
		RelationGetRelationName(scan->state->ss_currentRelation), es);
	if (es->verbose)
		ExplainPropertyText("Schema", schema_of(scan), es);
	ExplainPropertyText("Alias", alias_of(scan, es), es);
}

/* ---- The node of the scan ---- */

static const char *
type_of(const ExplainScan *scan)
{
	if (!OidIsValid(scan->index))
		return "Full Scan (btree-table)";
	return scan->is_index_only ? "Index Only Scan" : "Index Scan";
}

static bool
is_backward(const ExplainScan *scan)
{
	return ScanDirectionIsBackward(
		((IndexScan *) scan->state->ps.plan)->indexorderdir);
}

static void
show_text_header(const ExplainScan *scan, ExplainState *es)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, type_of(scan));
	if (OidIsValid(scan->index))
		appendStringInfo(&text, "%s using %s",
						 is_backward(scan) ? " Backward" : "",
						 quote_identifier(name_of_index(scan)));
	appendStringInfo(&text, " on %s", name_of_table(scan, es));
	explain_header_replace(es, scan->methods->CustomName, text.data);
}

static void
show_structured_header(const ExplainScan *scan, ExplainState *es)
{
	explain_header_replace(es, scan->methods->CustomName, type_of(scan));
	if (OidIsValid(scan->index))
	{
		ExplainPropertyText("Scan Direction",
							is_backward(scan) ? "Backward" : "Forward", es);
		ExplainPropertyText("Index Name", name_of_index(scan), es);
	}
	show_table(scan, es);
}

static bool
was_executed(const ExplainScan *scan, const ExplainState *es)
{
	return es->analyze && scan->state->ps.instrument != NULL &&
		   scan->state->ps.instrument->nloops > 0;
}

static void
show_removed(const ExplainScan *scan, ExplainStep step, const char *label,
			 bool shows_zero, ExplainState *es)
{
	double removed;

	if (scan->filters[step] == NIL || !was_executed(scan, es))
		return;
	removed = explain_scan_removed(scan, step);
	if (removed > 0 || (removed == 0 && shows_zero))
		ExplainPropertyFloat(label, NULL, removed, 0, es);
}

static void
show_scan(CustomScanState *state, List *ancestors, ExplainState *es)
{
	ExplainScan *scan = ((ExplainNode *) state)->scan;

	scan->ancestors = list_copy(ancestors); /* which EXPLAIN changes */
	if (es->format == EXPLAIN_FORMAT_TEXT)
		show_text_header(scan, es);
	else
		show_structured_header(scan, es);
	show_output(scan, es);
	show_index_condition(scan, es);
	show_conditions(scan, "Filter", scan->filters[EXPLAIN_PROCESSOR], es);
	show_removed(scan, EXPLAIN_PROCESSOR, "Rows Removed by Filter",
				 es->format != EXPLAIN_FORMAT_TEXT, es);
}

/* ---- The nodes of the storage ---- */

static void
show_text_numbers(const ExplainNode *node, ExplainState *es)
{
	const Plan *plan = node->scan->state->ps.plan;
	double		rows;

	if (es->costs && explain_scan_estimates_rows(node->scan, node->output))
		appendStringInfo(es->str, "  (cost=%.2f..%.2f rows=%.0f width=%d)",
						 plan->startup_cost, plan->total_cost, plan->plan_rows,
						 plan->plan_width);
	if (es->analyze && !was_executed(node->scan, es))
		appendStringInfoString(es->str, " (never executed)");
	if (!was_executed(node->scan, es))
		return;
	rows = explain_scan_rows(node->scan, node->output);
	if (rows >= 0)
		appendStringInfo(es->str, " (actual rows=%.0f loops=%.0f)", rows,
						 node->scan->state->ps.instrument->nloops);
}

/*
 * The service indents its storage by four, and not by six as PostgreSQL does.
 * es->indent is that of a node's properties, three steps after its arrow.
 */
static void
show_text_line(const ExplainNode *node, ExplainState *es)
{
	appendStringInfoSpaces(es->str, (es->indent - 3) * 2);
	appendStringInfo(es->str, "-> %s on %s", node->name,
					 node->is_index
						 ? quote_identifier(name_of_index(node->scan))
						 : name_of_table(node->scan, es));
	show_text_numbers(node, es);
	appendStringInfoChar(es->str, '\n');
	es->indent--;
}

static void
show_structured_numbers(const ExplainNode *node, ExplainState *es)
{
	const Plan *plan = node->scan->state->ps.plan;
	double		rows = -1;

	if (es->costs && explain_scan_estimates_rows(node->scan, node->output))
	{
		ExplainPropertyFloat("Startup Cost", NULL, plan->startup_cost, 2, es);
		ExplainPropertyFloat("Total Cost", NULL, plan->total_cost, 2, es);
		ExplainPropertyFloat("Plan Rows", NULL, plan->plan_rows, 0, es);
		ExplainPropertyInteger("Plan Width", NULL, plan->plan_width, es);
	}
	if (was_executed(node->scan, es))
		rows = explain_scan_rows(node->scan, node->output);
	if (rows >= 0)
		ExplainPropertyFloat("Actual Rows", NULL, rows, 0, es);
	if (rows >= 0)
		ExplainPropertyFloat("Actual Loops", NULL,
							 node->scan->state->ps.instrument->nloops, 0, es);
}

static void
show_structured_line(const ExplainNode *node, ExplainState *es)
{
	ExplainPropertyText("Node Type", node->name, es);
	ExplainPropertyText("Parent Relationship", "Outer", es);
	if (node->is_index)
		ExplainPropertyText("Index Name", name_of_index(node->scan), es);
	else
		show_table(node->scan, es);
	show_structured_numbers(node, es);
}

static void
show_line(const ExplainNode *node, ExplainState *es)
{
	explain_header_take_back(es, node->scan->methods->CustomName);
	if (es->format == EXPLAIN_FORMAT_TEXT)
		show_text_line(node, es);
	else
		show_structured_line(node, es);
}

/* Rows are returned where the table's columns are. */
static bool
returns_columns(const ExplainNode *node)
{
	bool is_lookup = node->input == EXPLAIN_STORAGE_LOOKUP;

	return node->scan->knows_columns && node->scan->columns != NIL &&
		   (is_lookup || node->scan->is_index_only || !node->is_index);
}

/*
 * The first ancestor becomes the plan that was replaced: parameters of the
 * subplans, which EXPLAIN prints next, are looked up by its address.
 */
static void
show_storage(CustomScanState *state, List *ancestors, ExplainState *es)
{
	const ExplainNode *node = (ExplainNode *) state;

	linitial(ancestors) = node->scan->state->ps.plan;
	show_line(node, es);
	if (returns_columns(node))
		ExplainPropertyList("Projections", node->scan->columns, es);
	show_conditions(node->scan, "Filters", node->scan->filters[node->input],
					es);
	show_removed(node->scan, node->input, "Rows Filtered", true, es);
}

static void
show_btree(CustomScanState *state, List *ancestors, ExplainState *es)
{
	const ExplainNode *node = (ExplainNode *) state;

	show_line(node, es);
	if (node->input == EXPLAIN_STORAGE_SCAN)
		show_index_condition(node->scan, es);
}

/* ---- The states ---- */

/* With the node of the scan ends the scan; the others have begun nothing. */
static void
end_scan(CustomScanState *state)
{
	ExecEndNode((PlanState *) ((ExplainNode *) state)->scan->state);
}

static const CustomExecMethods scan_methods = {
	.CustomName = "dsql_local",
	.EndCustomScan = end_scan,
	.ExplainCustomScan = show_scan,
};

static const CustomExecMethods storage_methods = {
	.CustomName = "dsql_local",
	.ExplainCustomScan = show_storage,
};

static const CustomExecMethods btree_methods = {
	.CustomName = "dsql_local",
	.ExplainCustomScan = show_btree,
};

/* Without a relation, target list and conditions: explain_header.h says why.
 */
static ExplainNode *
make_node(ExplainScan *scan, const CustomExecMethods *methods)
{
	ExplainNode *node = palloc0(sizeof(ExplainNode));
	CustomScan	*plan = makeNode(CustomScan);

	plan->methods = scan->methods;
	NodeSetTag(node, T_CustomScanState);
	node->css.ss.ps.plan = (Plan *) plan;
	node->css.methods = methods;
	node->scan = scan;
	return node;
}

/* "Storage Scan" over "B-Tree Scan", or the same with "Lookup". */
static ExplainNode *
make_storage(ExplainScan *scan, ExplainStep step)
{
	bool		 is_lookup = step == EXPLAIN_STORAGE_LOOKUP;
	ExplainNode *storage = make_node(scan, &storage_methods);
	ExplainNode *btree = make_node(scan, &btree_methods);

	storage->name = is_lookup ? "Storage Lookup" : "Storage Scan";
	btree->name = is_lookup ? "B-Tree Lookup" : "B-Tree Scan";
	storage->is_index = btree->is_index =
		!is_lookup && OidIsValid(scan->index);
	storage->input = btree->input = step;
	storage->output = step + 1;
	btree->output = step; /* what it finds, it does not filter */
	storage->css.custom_ps = list_make1(btree);
	return storage;
}

/*
 * What EXPLAIN and the executor's end read of a scan.  A node above reads the
 * target list too.
 */
static void
take_over(ExplainNode *node, ScanState *scan)
{
	CustomScan *plan = (CustomScan *) node->css.ss.ps.plan;

	node->css.ss = *scan;
	node->css.ss.ps.type = T_CustomScanState;
	node->css.ss.ps.plan = (Plan *) plan;
	node->css.ss.ps.chgParam = NULL; /* freed with the scan's */
	if (node->css.ss.ps.ps_ResultTupleSlot == NULL)
		node->css.ss.ps.ps_ResultTupleSlot = scan->ss_ScanTupleSlot;
	plan->scan.plan = *scan->ps.plan;
	plan->scan.plan.type = T_CustomScan;
	plan->scan.plan.qual = NIL;
	plan->custom_relids =
		bms_make_singleton(((Scan *) scan->ps.plan)->scanrelid);
}

PlanState *
explain_node_make(ScanState *state, const CustomScanMethods *methods)
{
	ExplainScan *scan = explain_scan_make(state, methods);
	ExplainNode *node = make_node(scan, &scan_methods);

	take_over(node, state);
	node->css.custom_ps = list_make1(make_storage(scan, EXPLAIN_STORAGE_SCAN));
	if (OidIsValid(scan->index) && !scan->is_index_only)
		node->css.custom_ps = lappend(
			node->css.custom_ps, make_storage(scan, EXPLAIN_STORAGE_LOOKUP));
	return (PlanState *) node;
}
