/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * compat.h
 *	  Everything that differs between PostgreSQL 15, 16, 17 and 18.
 *
 * No other file tests PG_VERSION_NUM.  Each entry names the version that made
 * the difference.
 */
#ifndef DSQL_BASE_COMPAT_H
#define DSQL_BASE_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "dsql_local supports PostgreSQL 15 to 18"
#endif

/* 16: DefineIndex() takes the number of partitions. */
#if PG_VERSION_NUM >= 160000
#define DEFINE_INDEX_UNBUILT_COMPAT(table, index)                             \
	DefineIndex(table, index, InvalidOid, InvalidOid, InvalidOid, -1, false,  \
				true, true, true, false)
#else
#define DEFINE_INDEX_UNBUILT_COMPAT(table, index)                             \
	DefineIndex(table, index, InvalidOid, InvalidOid, InvalidOid, false,      \
				true, true, true, false)
#endif

/* 16: relfilenode became relfilenumber, and its struct a locator. */
#if PG_VERSION_NUM >= 160000
#define RelationSetNewFileCompat	 RelationSetNewRelfilenumber
#define RelFileCompat				 RelFileLocator
#define rd_new_file_subid_compat	 rd_newRelfilelocatorSubid
#define rd_file_compat				 rd_locator
#define relation_set_new_file_compat relation_set_new_filelocator
#else
#define RelationSetNewFileCompat	 RelationSetNewRelfilenode
#define RelFileCompat				 RelFileNode
#define rd_new_file_subid_compat	 rd_newRelfilenodeSubid
#define rd_file_compat				 rd_node
#define relation_set_new_file_compat relation_set_new_filenode
#endif

/*
 * 16: tuple_update() returns which indexes need the new version, before it
 * only returned whether they do.
 */
#if PG_VERSION_NUM >= 160000
typedef enum TU_UpdateIndexes UpdateIndexesCompat;
#define UPDATE_ALL_INDEXES TU_All
#else
typedef bool UpdateIndexesCompat;
#define UPDATE_ALL_INDEXES true
#endif

/*
 * 16: an index that only summarizes pages does not prevent a HOT update, and
 * its columns are in a set of their own.
 */
#if PG_VERSION_NUM >= 160000
#define INDEXED_COLUMNS_COMPAT(rel)                                           \
	bms_join(RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_HOT_BLOCKING), \
			 RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_SUMMARIZED))
#else
#define INDEXED_COLUMNS_COMPAT(rel)                                           \
	RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_ALL)
#endif

/* 16: updates that put the new version on another page are counted. */
#if PG_VERSION_NUM >= 160000
#define PGSTAT_COUNT_HOT_UPDATE_COMPAT(rel)                                   \
	pgstat_count_heap_update(rel, true, false)
#else
#define PGSTAT_COUNT_HOT_UPDATE_COMPAT(rel) pgstat_count_heap_update(rel, true)
#endif

/* 16: SQL/JSON, subqueries in FROM without an alias, numbers with _. */
#define HAS_GRAMMAR_16_COMPAT (PG_VERSION_NUM >= 160000)

/* 16: the columns that a query reads of a relation moved to a list of their
 * own. */
#if PG_VERSION_NUM >= 160000
#define SELECTED_COLUMNS_COMPAT(query, entry)                                 \
	((entry)->perminfoindex == 0                                              \
		 ? NULL                                                               \
		 : list_nth_node(RTEPermissionInfo, (query)->rteperminfos,            \
						 (entry)->perminfoindex - 1)                          \
			   ->selectedCols)
#else
#define SELECTED_COLUMNS_COMPAT(query, entry) ((entry)->selectedCols)
#endif

/* 17: LockHeldByMe() can also look for stronger locks. */
#if PG_VERSION_NUM >= 170000
#define LockHeldByMeCompat(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define LockHeldByMeCompat(tag, mode) LockHeldByMe(tag, mode)
#endif

/* 17: pgprocno became a ProcNumber, which is known without MyProc. */
#if PG_VERSION_NUM >= 170000
#define MyProcNumberCompat MyProcNumber
#else
#define MyProcNumberCompat MyProc->pgprocno
#endif

/* 17: the parts of a virtual transaction id became a struct. */
#if PG_VERSION_NUM >= 170000
#define PROC_LXID_COMPAT(proc) ((proc)->vxid.lxid)
#else
#define PROC_LXID_COMPAT(proc) ((proc)->lxid)
#endif

/* 17: a process is signalled by its ProcNumber, before by its backend id. */
#if PG_VERSION_NUM >= 170000
#define MySignalIdCompat MyProcNumber
#else
#define MySignalIdCompat MyBackendId
#endif

/* 17: ALTER COLUMN ... SET EXPRESSION. */
#if PG_VERSION_NUM >= 170000
#define IS_SET_EXPRESSION_COMPAT(subtype) ((subtype) == AT_SetExpression)
#else
#define IS_SET_EXPRESSION_COMPAT(subtype) false
#endif

/*
 * 16: get_guc_variables() returns a sorted copy.  (16 also exports
 * find_option(), but 15 has only the whole array.)
 */
#if PG_VERSION_NUM >= 160000
#define GUC_VARIABLES_COMPAT(n) get_guc_variables(n)
#else
#define GUC_VARIABLES_COMPAT(n)                                               \
	(*(n) = GetNumConfigOptions(), get_guc_variables())
#endif

/*
 * A bitmap scan that needs no columns may skip the pages that the visibility
 * map calls all-visible.  Up to 16 a field of the executor's state decides
 * that, in 17 a flag of the scan, and 18 reads them.
 */
#if PG_VERSION_NUM >= 180000
#define BITMAP_SCAN_FETCHES_COMPAT(state) ((void) (state))
#define SCAN_FLAGS_COMPAT(flags)		  (flags)
#elif PG_VERSION_NUM >= 170000
#define BITMAP_SCAN_FETCHES_COMPAT(state) ((void) (state))
#define SCAN_FLAGS_COMPAT(flags)		  ((flags) | SO_NEED_TUPLES)
#else
#define BITMAP_SCAN_FETCHES_COMPAT(state) ((state)->can_skip_fetch = false)
#define SCAN_FLAGS_COMPAT(flags)		  (flags)
#endif

/* 18: a table access method itself finds the next page of a bitmap scan. */
#if PG_VERSION_NUM >= 180000
#define SCAN_BITMAP_PARAMETERS_COMPAT(scan, slot)                             \
	TableScanDesc scan, TupleTableSlot *slot, bool *recheck,                  \
		uint64 *lossy_pages, uint64 *exact_pages
#define SCAN_BITMAP_ARGUMENTS_COMPAT(scan, slot)                              \
	scan, slot, recheck, lossy_pages, exact_pages
#else
#define SCAN_BITMAP_PARAMETERS_COMPAT(scan, slot)                             \
	TableScanDesc scan, struct TBMIterateResult *page, TupleTableSlot *slot
#define SCAN_BITMAP_ARGUMENTS_COMPAT(scan, slot) scan, page, slot
#endif

/* 18: ExecutorRun() has one parameter less. */
#if PG_VERSION_NUM >= 180000
#define EXECUTOR_RUN_PARAMETERS_COMPAT(query, direction, count, execute_once) \
	query, direction, count
#else
#define EXECUTOR_RUN_PARAMETERS_COMPAT(query, direction, count, execute_once) \
	query, direction, count, execute_once
#endif

/* 18: a scan of an index may count its descents. */
#if PG_VERSION_NUM >= 180000
#define INDEX_BEGINSCAN_COMPAT(table, index, snapshot)                        \
	index_beginscan(table, index, snapshot, NULL, 0, 0)
#else
#define INDEX_BEGINSCAN_COMPAT(table, index, snapshot)                        \
	index_beginscan(table, index, snapshot, 0, 0)
#endif

/*
 * 18: the operators of any ordered index, by what they compare.  In both lists
 * <> comes after those that are strategies of an index.
 */
#if PG_VERSION_NUM >= 180000
#define GET_ORDERINGS_COMPAT(operator) get_op_index_interpretation(operator)
#define IS_STRATEGY_COMPAT(it)                                                \
	(((const OpIndexInterpretation *) (it))->cmptype <= COMPARE_GT)
#else
#define GET_ORDERINGS_COMPAT(operator) get_op_btree_interpretation(operator)
#define IS_STRATEGY_COMPAT(it)                                                \
	(((const OpBtreeInterpretation *) (it))->strategy <= BTMaxStrategyNumber)
#endif

/* 18: EXPLAIN ANALYZE counts buffers if it is not told otherwise. */
#define EXPLAIN_COUNTS_BUFFERS_COMPAT (PG_VERSION_NUM >= 180000)

/* 18: what EXPLAIN prints has a header of its own. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#endif

/* 17: a statistics target may be DEFAULT, which is a null node. */
#if PG_VERSION_NUM >= 170000
#define STATISTICS_TARGET_COMPAT(alter)                                       \
	((alter)->stxstattarget == NULL ? -1 : intVal((alter)->stxstattarget))
#else
#define STATISTICS_TARGET_COMPAT(alter) ((alter)->stxstattarget)
#endif

/*
 * 17: functions of SQL/JSON that have a syntax of their own.  What such an
 * expression is called, or NULL.
 */
#if PG_VERSION_NUM >= 170000
#include "nodes/primnodes.h"

static inline const char *
newer_expression_compat(const Node *node)
{
	static const char *const operations[] = {
		[JSON_EXISTS_OP] = "json_exists",
		[JSON_QUERY_OP] = "json_query",
		[JSON_VALUE_OP] = "json_value",
		[JSON_TABLE_OP] = "json_table",
	};

	if (IsA(node, JsonExpr))
		return operations[((const JsonExpr *) node)->op];
	if (!IsA(node, JsonConstructorExpr))
		return NULL;
	switch (((const JsonConstructorExpr *) node)->type)
	{
		case JSCTOR_JSON_SCALAR:
			return "json_scalar";
		case JSCTOR_JSON_SERIALIZE:
			return "json_serialize";
		default:
			return NULL;
	}
}
#define NEWER_EXPRESSION_COMPAT(node) newer_expression_compat(node)
#else
#define NEWER_EXPRESSION_COMPAT(node) ((void) (node), (const char *) NULL)
#endif

/*
 * 18: RETURNING knows the row before and after a change by the names old and
 * new.  Which one a column is of, or NULL.
 */
#if PG_VERSION_NUM >= 180000
#include "nodes/primnodes.h"

static inline const char *
returned_row_compat(const Node *node)
{
	if (!IsA(node, Var))
		return NULL;
	switch (((const Var *) node)->varreturningtype)
	{
		case VAR_RETURNING_OLD:
			return "old";
		case VAR_RETURNING_NEW:
			return "new";
		default:
			return NULL;
	}
}
#define RETURNED_ROW_COMPAT(node) returned_row_compat(node)
#else
#define RETURNED_ROW_COMPAT(node) ((void) (node), (const char *) NULL)
#endif

/*
 * 18: constraints that are not enforced, keys over time, columns that are
 * computed when they are read, and NOT NULL among the constraints of a table.
 * The word at which 16 stops, or NULL.
 */
#if PG_VERSION_NUM >= 180000
#include "catalog/pg_attribute.h"
#include "nodes/parsenodes.h"

static inline const char *
newer_constraint_compat(const Constraint *constraint, bool is_of_column)
{
	switch (constraint->contype)
	{
		case CONSTR_ATTR_ENFORCED:
		case CONSTR_ATTR_NOT_ENFORCED:
			return "ENFORCED";
		case CONSTR_NOTNULL:
			return is_of_column ? NULL : "NOT";
		case CONSTR_GENERATED:
			return constraint->generated_kind == ATTRIBUTE_GENERATED_VIRTUAL
					   ? "VIRTUAL"
					   : NULL;
		case CONSTR_PRIMARY:
		case CONSTR_UNIQUE:
			return constraint->without_overlaps ? "WITHOUT" : NULL;
		case CONSTR_FOREIGN:
			if (constraint->fk_with_period || constraint->pk_with_period)
				return "PERIOD";
			return constraint->is_enforced ? NULL : "ENFORCED";
		case CONSTR_CHECK:
			return constraint->is_enforced ? NULL : "ENFORCED";
		default:
			return NULL;
	}
}
#define NEWER_CONSTRAINT_COMPAT(constraint, is_of_column)                     \
	newer_constraint_compat(constraint, is_of_column)
#else
#define NEWER_CONSTRAINT_COMPAT(constraint, is_of_column)                     \
	((void) (constraint), (void) (is_of_column), (const char *) NULL)
#endif

#endif /* DSQL_BASE_COMPAT_H */
