/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * key_sizes.c
 *	  The keys of rows that were there before their index.
 *
 * A key is checked when its row is written, by the indexes that there are.
 * For rows that are older than an index its build looks at the entries: they
 * have the values already, so that no function of a user is called.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/itup.h"
#include "access/table.h"
#include "access/tableam.h"
#include "base/compat.h"
#include "dialect/index_entries.h"
#include "jobs/key_sizes.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Only columns of variable length can be too large. */
static bool
can_be_too_large(Relation index)
{
	TupleDesc desc = RelationGetDescr(index);

	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
		if (TupleDescAttr(desc, i)->attlen < 0)
			return true;
	return false;
}

static void
check_entry(IndexScanDesc scan, TupleTableSlot *row)
{
	Datum values[INDEX_MAX_KEYS];
	bool  nulls[INDEX_MAX_KEYS];

	index_deform_tuple(scan->xs_itup, RelationGetDescr(scan->indexRelation),
					   values, nulls);
	index_entries_check_built(scan->heapRelation, scan->indexRelation, values,
							  nulls, row);
}

void
jobs_key_sizes_check(Oid table, Oid index)
{
	Relation table_rel = table_open(table, AccessShareLock);
	Relation index_rel = index_open(index, AccessShareLock);

	if (can_be_too_large(index_rel))
	{
		TupleTableSlot *row = table_slot_create(table_rel, NULL);
		IndexScanDesc	scan =
			INDEX_BEGINSCAN_COMPAT(table_rel, index_rel, GetActiveSnapshot());

		scan->xs_want_itup = true;
		index_rescan(scan, NULL, 0, NULL, 0);
		while (index_getnext_slot(scan, ForwardScanDirection, row))
		{
			CHECK_FOR_INTERRUPTS();
			check_entry(scan, row);
		}
		index_endscan(scan);
		ExecDropSingleTupleTableSlot(row);
	}
	index_close(index_rel, AccessShareLock);
	table_close(table_rel, AccessShareLock);
}
