/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * iam_syntax.c
 *	  AWS IAM GRANT role TO 'arn' and AWS IAM REVOKE role FROM 'arn'.
 *
 * PostgreSQL's grammar does not have these statements.  The gateway writes
 * them so that its parser takes them for SET of a setting of the class iam:
 *
 *	 SET IAM ./ **  / role TO 'arn'		(without the blanks)
 *	 SET IAM ./ *R* / role TO   'arn'	(TO and two form feeds)
 *
 * Without such a comment it is a setting, which does not exist.  SET has forms
 * that the statements do not have (lists, numbers, DEFAULT), so the text is
 * read again, word by word.
 *
 * The node is a GRANT or REVOKE of a role whose grantee is the ARN, a string.
 * So PostgreSQL and the rest of the extension know that it is DDL, that a
 * read-only transaction may not have it, and its command tag.
 */
#include "postgres.h"

#include <ctype.h>

#include "base/token.h"
#include "sys/iam_syntax.h"

#define CLASS_PREFIX "iam."
#define GRANT_MARK	 "./**/"
#define REVOKE_MARK	 "./*R*/"
#define FROM_MARK	 "TO\f\f"

static bool
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- The text ---- */

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
 * mapping would be that of another role.
 */
static void
check_length(const TokenScan *scan, const char *role)
{
	if (identifier_length(scan->text + scan->at) >= NAMEDATALEN)
		ereport(ERROR, (errcode(ERRCODE_NAME_TOO_LONG),
						errmsg("role name \"%s...\" is too long", role),
						errdetail("A role name has at most %d bytes.",
								  NAMEDATALEN - 1)));
}

/* The word before the ARN; FROM is marked, so that TO is not taken for it. */
static void
take_preposition(TokenScan *scan, bool is_grant)
{
	bool is_from = starts_with(scan->text + scan->at, FROM_MARK);

	if (is_from == is_grant || !token_take_word(scan, "to"))
		token_raise_syntax_error(scan);
}

/* 'arn' or E'arn', and nothing after it. */
static void
take_arn(TokenScan *scan)
{
	const char *literal = scan->text + scan->at;
	bool		is_escaped = pg_tolower((unsigned char) literal[0]) == 'e';

	if (scan->token == 0 || literal[is_escaped ? 1 : 0] != '\'')
		token_raise_syntax_error(scan);
	token_scan_next(scan);
	if (scan->token != 0 && scan->token != ';')
		token_raise_syntax_error(scan);
}

/* The scan stands at the dot, from which the mark begins. */
static void
check_words(TokenScan *scan, const char *role)
{
	bool is_grant = starts_with(scan->text + scan->at, GRANT_MARK);

	token_scan_next(scan);
	check_length(scan, role);
	token_scan_next(scan);
	take_preposition(scan, is_grant);
	take_arn(scan);
}

/* False: there is no mark, so it is a setting. */
static bool
find_mark(TokenScan *scan)
{
	return token_take_word(scan, "set") && token_take_word(scan, "iam") &&
		   (starts_with(scan->text + scan->at, GRANT_MARK) ||
			starts_with(scan->text + scan->at, REVOKE_MARK));
}

/* ---- The node ---- */

static Node *
make_node(const VariableSetStmt *set, const char *role, bool is_grant)
{
	GrantRoleStmt *statement = makeNode(GrantRoleStmt);
	AccessPriv	  *granted = makeNode(AccessPriv);
	A_Const		  *arn = linitial_node(A_Const, set->args);

	granted->priv_name = pstrdup(role);
	statement->granted_roles = list_make1(granted);
	statement->grantee_roles =
		list_make1(makeString(pstrdup(strVal(&arn->val))));
	statement->is_grant = is_grant;
	return (Node *) statement;
}

void
iam_syntax_read(Query *query, const char *source)
{
	VariableSetStmt *set = (VariableSetStmt *) query->utilityStmt;
	TokenScan		 scan;

	if (query->commandType != CMD_UTILITY || !IsA(set, VariableSetStmt) ||
		set->name == NULL || !starts_with(set->name, CLASS_PREFIX) ||
		!token_source_is_clients(source))
		return;
	token_scan_start(&scan, source, query->stmt_location, query->stmt_len);
	if (find_mark(&scan))
	{
		const char *role = set->name + strlen(CLASS_PREFIX);
		bool		is_grant = starts_with(scan.text + scan.at, GRANT_MARK);

		check_words(&scan, role);
		query->utilityStmt = make_node(set, role, is_grant);
	}
	token_scan_end(&scan);
}

bool
iam_syntax_is(Node *statement)
{
	return IsA(statement, GrantRoleStmt) &&
		   IsA(linitial(((GrantRoleStmt *) statement)->grantee_roles), String);
}

bool
iam_syntax_is_grant(Node *statement)
{
	return ((GrantRoleStmt *) statement)->is_grant;
}

const char *
iam_syntax_role(Node *statement)
{
	return linitial_node(AccessPriv,
						 ((GrantRoleStmt *) statement)->granted_roles)
		->priv_name;
}

const char *
iam_syntax_arn(Node *statement)
{
	return strVal(linitial(((GrantRoleStmt *) statement)->grantee_roles));
}
