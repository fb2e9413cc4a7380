/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * iam.c
 *	  AWS IAM GRANT and AWS IAM REVOKE: which IAM identities map to a role.
 *
 * PostgreSQL's grammar does not have these statements.  The gateway writes
 * them as SET of a setting that does not exist, which is recognized here.  The
 * mapping itself is in schema sys, and the gateway reads it at each login.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "sys/iam.h"
#include "sys/privileges.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#define GRANT_PREFIX  "iam.gra."
#define REVOKE_PREFIX "iam.revo."

/* The one string that is assigned, or NULL. */
static const char *
string_argument(const VariableSetStmt *set)
{
	A_Const *value;

	if (list_length(set->args) != 1 || !IsA(linitial(set->args), A_Const))
		return NULL;
	value = linitial_node(A_Const, set->args);
	return !value->isnull && IsA(&value->val, String) ? strVal(&value->val)
													  : NULL;
}

/* The part of the name after the prefix, or NULL if it has another one. */
static const char *
role_after(const VariableSetStmt *set, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(set->name, prefix, len) == 0 ? set->name + len : NULL;
}

/* ---- A name that PostgreSQL has cut ---- */

/* The length in bytes of the identifier at the beginning of the text. */
static int
identifier_length(const char *text)
{
	int len = 0;

	if (*text != '"')
	{
		while (isalnum((unsigned char) text[len]) ||
			   IS_HIGHBIT_SET(text[len]) || text[len] == '_' ||
			   text[len] == '$')
			len++;
		return len;
	}
	while (*++text != '\0' && (*text != '"' || *++text == '"'))
		len++;
	return len;
}

/*
 * PostgreSQL's scanner cuts an identifier after 63 bytes, with a notice: the
 * mapping would be that of another role.  The parse tree does not show it, so
 * this looks after the mark that the gateway has written.
 */
static void
check_length(const char *role, const char *query_string, int location)
{
	const char *mark = query_string == NULL
						   ? NULL
						   : strstr(query_string + Max(location, 0), ".gra.");

	if (mark == NULL)
		return;
	mark += strlen(".gra.");
	mark += strspn(mark, " \t\r\n\f");
	if (identifier_length(mark) >= NAMEDATALEN)
		ereport(ERROR, (errcode(ERRCODE_NAME_TOO_LONG),
						errmsg("role name \"%s...\" is too long", role),
						errdetail("A role name has at most %d bytes.",
								  NAMEDATALEN - 1)));
}

static void
change_mapping(const char *sql, const char *role, const char *arn)
{
	Oid	  types[2] = {TEXTOID, TEXTOID};
	Datum values[2] = {CStringGetTextDatum(role), CStringGetTextDatum(arn)};

	if (!privileges_is_admin())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to grant IAM trust with role %s",
						role)));
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT ||
		SPI_execute_with_args(sql, 2, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", sql);
	SPI_finish();
	PopActiveSnapshot();
}

bool
iam_process_utility(PlannedStmt *pstmt, const char *query_string,
					QueryCompletion *qc)
{
	VariableSetStmt *set = (VariableSetStmt *) pstmt->utilityStmt;
	const char		*granted;
	const char		*revoked;
	const char		*arn;

	if (!IsA(set, VariableSetStmt) || set->kind != VAR_SET_VALUE ||
		set->is_local)
		return false;
	granted = role_after(set, GRANT_PREFIX);
	revoked = role_after(set, REVOKE_PREFIX);
	arn = string_argument(set);
	if (arn == NULL || (granted == NULL && revoked == NULL))
		return false;
	if (granted != NULL)
	{
		check_length(granted, query_string, pstmt->stmt_location);
		change_mapping("SELECT sys.iam_grant($1, $2)", granted, arn);
	}
	else
		change_mapping("SELECT sys.iam_revoke($1, $2)", revoked, arn);
	if (qc != NULL)
		SetQueryCompletion(
			qc, granted != NULL ? CMDTAG_GRANT_ROLE : CMDTAG_REVOKE_ROLE, 0);
	return true;
}
