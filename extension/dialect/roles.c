/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.c
 *	  What statements on roles may not contain.
 *
 * The administrator of the cluster, the role admin, cannot be changed.  Roles
 * have no passwords: clients log in with IAM tokens.  PostgreSQL's predefined
 * roles have no members: several of them reach beyond what the service gives
 * anybody, up to the rows of schema sys.
 */
#include "postgres.h"

#include "base/settings.h"
#include "catalog/catalog.h"
#include "dialect/parse_tree.h"
#include "dialect/refuse.h"
#include "dialect/roles.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"

void
dialect_roles_check_name(const char *name)
{
	if (name != NULL && strcmp(name, DSQL_ADMIN_ROLE) == 0)
		dialect_refuse("Role %s not supported", name);
}

/* CURRENT_USER and the like are the administrator too, if it asks. */
static void
check_role(const RoleSpec *role)
{
	if (role->roletype == ROLESPEC_CSTRING)
		dialect_roles_check_name(role->rolename);
	else if (role->roletype != ROLESPEC_PUBLIC)
		dialect_roles_check_name(GetUserNameFromId(GetUserId(), true));
}

static void
check_password(List *options)
{
	if (parse_tree_option(options, "password") != NULL)
		dialect_refuse("PASSWORD is not supported");
}

/* In the words of PostgreSQL 16, whatever the version. */
static void
check_granted(const char *role)
{
	if (!IsReservedName(role))
		return;
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied to grant role \"%s\"", role),
					errdetail("Only roles with the ADMIN option on role "
							  "\"%s\" may grant this role.",
							  role)));
}

void
dialect_roles_check_grant(Node *statement)
{
	const GrantRoleStmt *grant = castNode(GrantRoleStmt, statement);
	ListCell			*cell;

	if (!grant->is_grant)
		return;
	foreach (cell, grant->granted_roles)
		check_granted(lfirst_node(AccessPriv, cell)->priv_name);
}

void
dialect_roles_check_create(Node *statement)
{
	List	 *options = castNode(CreateRoleStmt, statement)->options;
	DefElem	 *in_roles = parse_tree_option(options, "addroleto");
	ListCell *cell;

	check_password(options);
	if (in_roles == NULL)
		return;
	foreach (cell, (List *) in_roles->arg)
	{
		const RoleSpec *role = lfirst_node(RoleSpec, cell);

		if (role->roletype == ROLESPEC_CSTRING)
			check_granted(role->rolename);
	}
}

void
dialect_roles_check_alter(Node *statement)
{
	const AlterRoleStmt *alter = castNode(AlterRoleStmt, statement);

	check_role(alter->role);
	check_password(alter->options);
}

void
dialect_roles_check_alter_set(Node *statement)
{
	const AlterRoleSetStmt *alter = castNode(AlterRoleSetStmt, statement);

	if (alter->role != NULL)
		check_role(alter->role);
	if (alter->setstmt->kind != VAR_RESET &&
		alter->setstmt->kind != VAR_RESET_ALL)
		dialect_refuse("unsupported statement: AlterRoleSet");
}

void
dialect_roles_check_drop(Node *statement)
{
	ListCell *cell;

	foreach (cell, castNode(DropRoleStmt, statement)->roles)
		check_role(lfirst_node(RoleSpec, cell));
}
