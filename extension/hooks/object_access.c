/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * object_access.c
 *	  A function is about to be executed, an object was created or altered, or
 *	  is about to be dropped.
 *
 * PostgreSQL calls this hook for other events too, which pass.
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "dialect/functions.h"
#include "dialect/object_limits.h"
#include "dialect/session.h"
#include "dialect/stored_columns.h"
#include "dialect/stored_expressions.h"
#include "hooks/install.h"
#include "jobs/created.h"
#include "jobs/dropped.h"

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
	if (access == OAT_POST_CREATE && class_id == RewriteRelationId &&
		dialect_applies())
		object_limits_check_view_definition(object_id);
	if (access == OAT_POST_CREATE && class_id == RelationRelationId &&
		dialect_applies())
		dialect_stored_columns_check(object_id);
	if (access == OAT_POST_CREATE && class_id == RelationRelationId &&
		sub_id == 0 && dialect_applies())
		jobs_created_note(object_id);
	if (access == OAT_DROP && class_id == RelationRelationId && sub_id == 0 &&
		dialect_applies())
		jobs_dropped_note(object_id);
}

void
hooks_install_object_access(void)
{
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
}
