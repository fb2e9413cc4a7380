/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_am.c
 *	  The table access method: heap, except where a transaction would wait.
 */
#include "dsql_local.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(dsql_tableam_handler);

Datum
dsql_tableam_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(GetHeapamTableAmRoutine());
}
