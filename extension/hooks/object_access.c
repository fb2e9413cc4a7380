/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * object_access.c
 *	  A function is about to be executed, or an object was created or altered.
 *
 * PostgreSQL calls this hook for other events too, which pass.
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "dialect/functions.h"
#include "dialect/stored_expressions.h"
#include "hooks/install.h"

static object_access_hook_type prev_object_access = NULL;

static void
object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id,
			  void *arg)
{
	if (prev_object_access)
		prev_object_access(access, class_id, object_id, sub_id, arg);
	if (access == OAT_FUNCTION_EXECUTE && class_id == ProcedureRelationId)
		dialect_functions_check_execution(object_id);
	if (access == OAT_POST_CREATE || access == OAT_POST_ALTER)
		dialect_stored_expressions_check(class_id, object_id);
}

void
hooks_install_object_access(void)
{
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
}
