/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect.c
 *	  Whom the dialect binds, and utility statements that it refuses.
 *
 * Most refusals need no more than the kind of statement: a table.  Those that
 * look inside a statement have a function each, here or, for tables,
 * dialect_table.c, for settings, dialect_settings.c, for queries,
 * dialect_query.c.
 */
#include "base/settings.h"

/* Port has the same layout without, and gssapi.h may not be installed. */
#undef ENABLE_GSS

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "dialect/object_limits.h"
#include "dialect/query.h"
#include "dialect/settings.h"
#include "dialect/statements.h"
#include "dialect/table.h"
#include "dialect/types.h"
#include "lib/stringinfo.h"
#include "libpq/auth.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

/* What Aurora DSQL says it is; of interest to clients that ask. */
#define SERVER_VERSION	   "16.15"
#define SERVER_VERSION_NUM 160015

#define ADMIN_ROLE "admin"

static ClientAuthentication_hook_type prev_ClientAuthentication = NULL;

static bool is_client = false; /* that came in as no superuser */

void
dialect_refuse(const char *format, ...)
{
	StringInfoData text;
	va_list		   arguments;
	int			   needed;

	initStringInfo(&text);
	for (;;)
	{
		va_start(arguments, format);
		needed = appendStringInfoVA(&text, format, arguments);
		va_end(arguments);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg_internal("%s", text.data)));
	pg_unreachable();
}

/* ---- Whom it binds ---- */

/* PostgreSQL thinks that its own version is the only number there can be. */
static void
claim_version_number(void)
{
	int						n;
	struct config_generic **settings = GUC_VARIABLES_COMPAT(&n);

	for (int i = 0; i < n; i++)
		if (strcmp(settings[i]->name, "server_version_num") == 0)
		{
			struct config_int *number = (struct config_int *) settings[i];

			number->min = Min(number->min, SERVER_VERSION_NUM);
			number->max = Max(number->max, SERVER_VERSION_NUM);
		}
	SetConfigOption("server_version_num", CppAsString2(SERVER_VERSION_NUM),
					PGC_INTERNAL, PGC_S_OVERRIDE);
}

static void
on_authentication(Port *port, int status)
{
	Oid role;

	if (prev_ClientAuthentication)
		prev_ClientAuthentication(port, status);
	if (status != STATUS_OK)
		return;
	role = get_role_oid(port->user_name, true);
	is_client = OidIsValid(role) && !superuser_arg(role);
	if (!is_client)
		return;
	SetConfigOption("server_version", SERVER_VERSION, PGC_INTERNAL,
					PGC_S_OVERRIDE);
	claim_version_number();
}

bool
dialect_applies(void)
{
	return is_client && dsql_strict && MyBackendType == B_BACKEND;
}

/* ---- Kinds of statements ---- */

typedef struct Refusal
{
	NodeTag		tag;
	const char *text;
} Refusal;

#define UNSUPPORTED(name)                                                     \
	{                                                                         \
		T_##name##Stmt, "unsupported statement: " #name                       \
	}

static const Refusal refusals[] = {
	UNSUPPORTED(AlterCollation),
	UNSUPPORTED(AlterDatabase),
	UNSUPPORTED(AlterDatabaseSet),
	UNSUPPORTED(AlterEventTrig),
	UNSUPPORTED(AlterExtension),
	UNSUPPORTED(AlterFdw),
	UNSUPPORTED(AlterForeignServer),
	UNSUPPORTED(AlterOpFamily),
	UNSUPPORTED(AlterPolicy),
	UNSUPPORTED(AlterPublication),
	UNSUPPORTED(AlterSubscription),
	UNSUPPORTED(AlterSystem),
	{T_AlterTSConfigurationStmt,
	 "unsupported statement: AlterTSConfiguration"},
	{T_AlterTSDictionaryStmt, "unsupported statement: AlterTSDictionary"},
	UNSUPPORTED(AlterUserMapping),
	{T_CheckPointStmt, "unsupported statement: CheckPoint"},
	UNSUPPORTED(ClosePortal),
	UNSUPPORTED(Cluster),
	UNSUPPORTED(CompositeType),
	UNSUPPORTED(CreateAm),
	UNSUPPORTED(CreateCast),
	UNSUPPORTED(CreateConversion),
	UNSUPPORTED(CreateEventTrig),
	UNSUPPORTED(CreateExtension),
	UNSUPPORTED(CreateFdw),
	UNSUPPORTED(CreateForeignServer),
	UNSUPPORTED(CreateForeignTable),
	UNSUPPORTED(CreateOpClass),
	UNSUPPORTED(CreateOpFamily),
	UNSUPPORTED(CreatePLang),
	UNSUPPORTED(CreatePolicy),
	UNSUPPORTED(CreatePublication),
	UNSUPPORTED(CreateRange),
	UNSUPPORTED(CreateSubscription),
	UNSUPPORTED(CreateTableAs),
	UNSUPPORTED(CreateTableSpace),
	UNSUPPORTED(CreateTransform),
	UNSUPPORTED(CreateUserMapping),
	UNSUPPORTED(Createdb),
	UNSUPPORTED(DeclareCursor),
	UNSUPPORTED(Discard),
	UNSUPPORTED(Do),
	UNSUPPORTED(Dropdb),
	UNSUPPORTED(Execute),
	UNSUPPORTED(Fetch),
	UNSUPPORTED(ImportForeignSchema),
	UNSUPPORTED(Listen),
	UNSUPPORTED(Load),
	UNSUPPORTED(Lock),
	UNSUPPORTED(Notify),
	UNSUPPORTED(Prepare),
	UNSUPPORTED(RefreshMatView),
	UNSUPPORTED(Reindex),
	UNSUPPORTED(Rule),
	UNSUPPORTED(SecLabel),
	UNSUPPORTED(Truncate),
	UNSUPPORTED(Unlisten),
	{T_AlterEnumStmt, "ALTER TYPE not supported"},
	{T_AlterTypeStmt, "ALTER TYPE not supported"},
	{T_CreateEnumStmt, "CREATE TYPE not supported"},
	{T_CreateTrigStmt, "CREATE TRIGGER not supported"},
};

static void
check_kind(Node *statement)
{
	for (int i = 0; i < lengthof(refusals); i++)
		if (nodeTag(statement) == refusals[i].tag)
			dialect_refuse("%s", refusals[i].text);
}

/* ---- Dropping, renaming, granting ---- */

/* The cluster's own administrator stays what it is. */
static void
check_role_name(const char *name)
{
	if (name != NULL && strcmp(name, ADMIN_ROLE) == 0)
		dialect_refuse("Role %s not supported", name);
}

static void
check_role(const RoleSpec *role)
{
	if (role->roletype == ROLESPEC_CSTRING)
		check_role_name(role->rolename);
	else if (role->roletype != ROLESPEC_PUBLIC)
		check_role_name(GetUserNameFromId(GetUserId(), true));
}

static void
check_roles(List *roles)
{
	ListCell *cell;

	foreach (cell, roles)
		check_role(lfirst_node(RoleSpec, cell));
}

static void
check_drop(const DropStmt *drop)
{
	switch (drop->removeType)
	{
		case OBJECT_INDEX:
			if (drop->concurrent)
				dialect_refuse("DROP INDEX CONCURRENTLY must be first action "
							   "in transaction");
			break;
		case OBJECT_DOMAIN:
			if (drop->behavior == DROP_CASCADE)
				dialect_refuse("DROP DOMAIN with CASCADE unsupported");
			break;
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_SCHEMA:
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_TRIGGER: /* there is none, but IF EXISTS is allowed */
		case OBJECT_STATISTIC_EXT:
			break;
		default:
			dialect_refuse("unsupported object in DROP statement");
	}
}

static void
check_rename(const RenameStmt *rename)
{
	switch (rename->renameType)
	{
		case OBJECT_TABLE:
		case OBJECT_COLUMN:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_DOMCONSTRAINT:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_SCHEMA:
		case OBJECT_DOMAIN:
		case OBJECT_FUNCTION:
		case OBJECT_ROUTINE:
		case OBJECT_STATISTIC_EXT:
			break;
		case OBJECT_ROLE:
			check_role_name(rename->subname);
			break;
		default:
			dialect_refuse("unsupported object in RENAME statement");
	}
}

static void
check_grant(const GrantStmt *grant)
{
	ListCell *cell;

	switch (grant->objtype)
	{
		case OBJECT_SCHEMA:
			foreach (cell, grant->objects)
				if (strcmp(strVal(lfirst(cell)), "public") == 0)
					dialect_refuse("feature not supported on system entity");
			break;
		case OBJECT_DATABASE:
		case OBJECT_TABLESPACE:
		case OBJECT_FDW:
		case OBJECT_FOREIGN_SERVER:
		case OBJECT_LANGUAGE:
		case OBJECT_LARGEOBJECT:
		case OBJECT_PARAMETER_ACL:
			dialect_refuse("unsupported object type in GRANT");
		default:
			break;
	}
}

/* ---- Roles, functions, and other things ---- */

DefElem *
dialect_option(List *options, const char *name)
{
	ListCell *cell;

	foreach (cell, options)
		if (strcmp(lfirst_node(DefElem, cell)->defname, name) == 0)
			return lfirst_node(DefElem, cell);
	return NULL;
}

static void
check_function(const CreateFunctionStmt *function)
{
	DefElem	   *option = dialect_option(function->options, "language");
	const char *language = option == NULL ? "sql" : strVal(option->arg);

	if (function->is_procedure)
		dialect_refuse("PROCEDURE is not supported");
	if (strcmp(language, "sql") != 0)
		dialect_refuse("CREATE FUNCTION with language %s not supported",
					   language);
}

static void
check_define(const DefineStmt *define)
{
	if (define->kind == OBJECT_TYPE)
		dialect_refuse("CREATE TYPE not supported");
	dialect_refuse("unsupported statement: Define");
}

static void
check_vacuum(const VacuumStmt *vacuum)
{
	if (vacuum->is_vacuumcmd)
		dialect_refuse("unsupported VACUUM statement");
	if (vacuum->rels == NIL)
		dialect_refuse("unsupported ANALYZE statement");
	PreventInTransactionBlock(true, "ANALYZE");
}

static void
check_alter_role_set(const AlterRoleSetStmt *alter)
{
	if (alter->role != NULL)
		check_role(alter->role);
	if (alter->setstmt->kind != VAR_RESET &&
		alter->setstmt->kind != VAR_RESET_ALL)
		dialect_refuse("unsupported statement: AlterRoleSet");
}

static void
check_password(List *options)
{
	if (dialect_option(options, "password") != NULL)
		dialect_refuse("PASSWORD is not supported");
}

/* The schema's parts are statements of their own. */
static void
check_schema(const CreateSchemaStmt *schema)
{
	ListCell *cell;

	limits_check_schemas(schema->schemaname);
	foreach (cell, schema->schemaElts)
		dialect_check_statement(lfirst(cell));
}

static void
check_view(const ViewStmt *view)
{
	if (table_is_temporary(view->view))
		dialect_refuse("TEMPORARY or TEMP view not supported for CREATE VIEW");
	limits_check_views(view->view);
}

static void
check_domain(const CreateDomainStmt *domain)
{
	int32 typmod;

	if (domain->collClause != NULL)
		dialect_refuse("COLLATE clause not supported");
	(void) types_check(domain->typeName, &typmod);
}

/* EXPLAIN ANALYZE runs what is in it. */
static void
check_explain(const ExplainStmt *explain)
{
	Query *query = (Query *) explain->query;

	if (IsA(query, Query) && query->commandType == CMD_UTILITY)
		dialect_check_statement(query->utilityStmt);
}

static void
check_alter_domain(const AlterDomainStmt *alter)
{
	if (alter->subtype == 'C')
		dialect_refuse("unsupported ALTER DOMAIN ADD CONSTRAINT statement");
	if (alter->subtype == 'O')
		dialect_refuse("unsupported ALTER DOMAIN SET NOT NULL statement");
}

/* ---- All ---- */

static void
check_inside(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_VariableSetStmt:
			settings_check_set((VariableSetStmt *) statement);
			break;
		case T_VariableShowStmt:
			settings_check_show((VariableShowStmt *) statement);
			break;
		case T_CreateStmt:
			table_check_create((CreateStmt *) statement);
			limits_check_tables(((CreateStmt *) statement)->relation);
			break;
		case T_AlterTableStmt:
			table_check_alter((AlterTableStmt *) statement);
			break;
		case T_CreateSeqStmt:
			table_check_create_sequence((CreateSeqStmt *) statement);
			limits_check_sequences(((CreateSeqStmt *) statement)->sequence);
			break;
		case T_AlterSeqStmt:
			table_check_alter_sequence((AlterSeqStmt *) statement);
			break;
		case T_CreateStatsStmt:
			limits_check_statistics((CreateStatsStmt *) statement);
			break;
		case T_AlterStatsStmt:
			limits_check_statistics_target((AlterStatsStmt *) statement);
			break;
		case T_DropStmt:
			check_drop((DropStmt *) statement);
			break;
		case T_RenameStmt:
			check_rename((RenameStmt *) statement);
			break;
		case T_GrantStmt:
			check_grant((GrantStmt *) statement);
			break;
		case T_CreateFunctionStmt:
			check_function((CreateFunctionStmt *) statement);
			break;
		case T_DefineStmt:
			check_define((DefineStmt *) statement);
			break;
		case T_VacuumStmt:
			check_vacuum((VacuumStmt *) statement);
			break;
		case T_AlterRoleSetStmt:
			check_alter_role_set((AlterRoleSetStmt *) statement);
			break;
		case T_CreateRoleStmt:
			check_password(((CreateRoleStmt *) statement)->options);
			break;
		case T_AlterRoleStmt:
			check_role(((AlterRoleStmt *) statement)->role);
			check_password(((AlterRoleStmt *) statement)->options);
			break;
		case T_CreateSchemaStmt:
			check_schema((CreateSchemaStmt *) statement);
			break;
		case T_ViewStmt:
			check_view((ViewStmt *) statement);
			break;
		case T_CreateDomainStmt:
			check_domain((CreateDomainStmt *) statement);
			break;
		case T_AlterDomainStmt:
			check_alter_domain((AlterDomainStmt *) statement);
			break;
		case T_ExplainStmt:
			check_explain((ExplainStmt *) statement);
			break;
		case T_DropRoleStmt:
			check_roles(((DropRoleStmt *) statement)->roles);
			break;
		case T_DeallocateStmt:
			if (((DeallocateStmt *) statement)->name != NULL)
				dialect_refuse("unsupported statement: Deallocate");
			break;
		default:
			break;
	}
}

void
dialect_check_statement(Node *statement)
{
	if (!dialect_applies() || IsAbortedTransactionBlockState())
		return;
	check_kind(statement);
	check_inside(statement);
}

void
dialect_init(void)
{
	prev_ClientAuthentication = ClientAuthentication_hook;
	ClientAuthentication_hook = on_authentication;
	settings_init();
	query_init();
}
