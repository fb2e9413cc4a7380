/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * large_objects.c
 *	  Functions that make or change large objects.
 *
 * Clients also call them without a query: libpq's lo_creat() and psql's
 * \lo_import send function call messages, which are not parsed.  Hence the
 * second check, at execution.
 *
 * Reading and lo_unlink() remain, for the large objects of clusters that are
 * older than this check.
 */
#include "postgres.h"

#include "dialect/large_objects.h"
#include "dialect/refuse.h"
#include "dialect/session.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

static bool
writes_large_objects(Oid function)
{
	switch (function)
	{
		case F_LO_CREAT:
		case F_LO_CREATE:
		case F_LO_FROM_BYTEA:
		case F_LO_IMPORT_TEXT:
		case F_LO_IMPORT_TEXT_OID:
		case F_LO_PUT:
		case F_LO_TRUNCATE:
		case F_LO_TRUNCATE64:
		case F_LOWRITE:
			return true;
		default:
			return false;
	}
}

void
dialect_large_objects_check_function(Oid function)
{
	if (writes_large_objects(function))
		dialect_refuse("function %s not supported", get_func_name(function));
}

void
dialect_large_objects_check_execution(Oid function)
{
	if (dialect_applies())
		dialect_large_objects_check_function(function);
}
