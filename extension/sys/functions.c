/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.c
 *	  Finds the functions of schema sys.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "sys/functions.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

Oid
functions_find(const char *name, const Oid *types, int ntypes)
{
	oidvector *arguments = buildoidvector(types, ntypes);
	Oid		   schema = get_namespace_oid("sys", true);

	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(name), PointerGetDatum(arguments),
						   ObjectIdGetDatum(schema));
}
