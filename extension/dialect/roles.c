/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.c
 *	  What statements on roles may not contain.
 *
 * The administrator of the cluster, the role admin, cannot be changed, except
 * for its search_path.  Roles
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
	if (name != NULL &&
		(strcmp(name, DSQL_ADMIN_ROLE) == 0 || IsReservedName(name)))
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

/* ---- Attributes ---- */

/* Of PostgreSQL and not of the service. */
typedef struct RefusedAttribute
{
	const char *option; /* of the parse tree */
	const char *shown;
} RefusedAttribute;

static const RefusedAttribute refused[] = {
	{"bypassrls", "BYPASSRLS"},		  {"connectionlimit", "CONNECTION LIMIT"},
	{"createdb", "CREATEDB"},		  {"createrole", "CREATEROLE"},
	{"isreplication", "REPLICATION"}, {"password", "PASSWORD"},
	{"superuser", "SUPERUSER"},		  {"sysid", "SYSID"},
	{"validUntil", "VALID UNTIL"},
};

static bool
is_negated(const DefElem *option)
{
	return option->arg != NULL && IsA(option->arg, Boolean) &&
		   !boolVal(option->arg);
}

static void
refuse_attribute(const DefElem *option, const char *shown)
{
	dialect_refuse("role attribute %s%s not supported",
				   is_negated(option) ? "NO" : "", shown);
}

/* LOGIN, NOLOGIN, INHERIT and lists of roles remain. */
static void
check_attribute(const DefElem *option)
{
	if (strcmp(option->defname, "password") == 0)
		dialect_refuse("PASSWORD is not supported");
	if (strcmp(option->defname, "inherit") == 0 && is_negated(option))
		refuse_attribute(option, "INHERIT");
	for (int i = 0; i < lengthof(refused); i++)
		if (strcmp(option->defname, refused[i].option) == 0)
			refuse_attribute(option, refused[i].shown);
}

static void
check_attributes(List *options)
{
	ListCell *cell;

	foreach (cell, options)
		check_attribute(lfirst_node(DefElem, cell));
}

/* ---- Memberships ---- */

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

/* A predefined role is not a member of others, either. */
static void
check_members(List *roles)
{
	ListCell *cell;

	foreach (cell, roles)
	{
		const RoleSpec *role = lfirst_node(RoleSpec, cell);

		if (role->roletype == ROLESPEC_CSTRING &&
			IsReservedName(role->rolename))
			dialect_roles_check_name(role->rolename);
	}
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
	check_members(grant->grantee_roles);
}

static List *
roles_of(List *options, const char *name)
{
	DefElem *option = parse_tree_option(options, name);

	return option == NULL ? NIL : (List *) option->arg;
}

void
dialect_roles_check_create(Node *statement)
{
	List	 *options = castNode(CreateRoleStmt, statement)->options;
	ListCell *cell;

	check_attributes(options);
	check_members(roles_of(options, "rolemembers"));
	check_members(roles_of(options, "adminmembers"));
	foreach (cell, roles_of(options, "addroleto"))
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
	check_attributes(alter->options);
	check_members(roles_of(alter->options, "rolemembers"));
}

/*
 * A role, the administrator too, may have a search_path of its own, and no
 * other setting.  RESET of the others does no harm.
 */
void
dialect_roles_check_alter_set(Node *statement)
{
	const AlterRoleSetStmt *alter = castNode(AlterRoleSetStmt, statement);
	const VariableSetStmt  *set = alter->setstmt;
	bool is_reset = set->kind == VAR_RESET || set->kind == VAR_RESET_ALL;

	if (alter->role == NULL || alter->database != NULL)
		dialect_refuse("unsupported statement: AlterRoleSet");
	if (!is_reset && pg_strcasecmp(set->name, "search_path") != 0)
		dialect_refuse("setting configuration parameter \"%s\" not supported",
					   set->name);
	if (alter->role->roletype == ROLESPEC_CSTRING &&
		IsReservedName(alter->role->rolename))
		dialect_roles_check_name(alter->role->rolename);
}

void
dialect_roles_check_drop(Node *statement)
{
	ListCell *cell;

	foreach (cell, castNode(DropRoleStmt, statement)->roles)
		check_role(lfirst_node(RoleSpec, cell));
}
