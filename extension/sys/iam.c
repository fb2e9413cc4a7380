/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * iam.c
 *	  Which IAM identities map to a role: AWS IAM GRANT and AWS IAM REVOKE.
 *
 * The mappings are in a table of schema sys that only the cluster's owner may
 * write.  The gateway reads it at each login.  The messages are the service's.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "sys/iam.h"
#include "sys/iam_syntax.h"
#include "sys/privileges.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#define ACCOUNT_DIGITS 12

/* The gateway lets nobody log in whose name begins so. */
#define OWN_PREFIX "dsql_"

/* ---- The ARN ---- */

/* If *at begins with the text, moves *at to what follows it. */
static bool
take_text(const char **at, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

/* Lower-case letters and hyphens.  How many there are. */
static int
take_word(const char **at)
{
	const char *start = *at;

	while ((**at >= 'a' && **at <= 'z') || **at == '-')
		(*at)++;
	return (int) (*at - start);
}

static int
take_digits(const char **at)
{
	const char *start = *at;

	while (isdigit((unsigned char) **at))
		(*at)++;
	return (int) (*at - start);
}

/* As in arn:aws:iam::123456789012:role/name. */
static bool
is_arn(const char *at)
{
	if (!take_text(&at, "arn:aws"))
		return false;
	(void) take_word(&at); /* the rest of the partition, as in aws-cn */
	if (!take_text(&at, ":iam::") && !take_text(&at, ":sts::"))
		return false;
	return take_digits(&at) == ACCOUNT_DIGITS && take_text(&at, ":") &&
		   take_word(&at) > 0 && take_text(&at, "/") && *at != '\0';
}

/* ---- The role ---- */

static void
check_trust(const char *name, Form_pg_authid role)
{
	if (role->rolsuper || strcmp(name, DSQL_ADMIN_ROLE) == 0 ||
		IsReservedName(name) ||
		strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("Cannot establish trust with role %s", name)));
	if (!role->rolcanlogin)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("role %s must have the LOGIN attribute", name)));
}

/* The role's oid. */
static Oid
check_role(const char *name)
{
	HeapTuple tuple = SearchSysCache1(AUTHNAME, CStringGetDatum(name));
	Oid		  oid;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("role \"%s\" does not exist", name)));
	oid = ((Form_pg_authid) GETSTRUCT(tuple))->oid;
	check_trust(name, (Form_pg_authid) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	return oid;
}

/* ---- The mapping ---- */

/*
 * Runs the statement as the owner of the table.  How many rows it has changed.
 * All names in it are qualified: whoever calls has a search_path.
 */
static uint64
run_as_owner(const char *sql, Oid role, const char *arn)
{
	Oid	   types[3] = {OIDOID, TEXTOID, OIDOID};
	Datum  values[3] = {ObjectIdGetDatum(role), CStringGetTextDatum(arn),
						ObjectIdGetDatum(GetSessionUserId())};
	Oid	   caller;
	int	   context;
	uint64 rows;

	GetUserIdAndSecContext(&caller, &context);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID,
						   context | SECURITY_LOCAL_USERID_CHANGE);
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT ||
		SPI_execute_with_args(sql, 3, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", sql);
	rows = SPI_processed;
	SPI_finish();
	PopActiveSnapshot();
	SetUserIdAndSecContext(caller, context);
	return rows;
}

static void
grant_trust(const char *role, const char *arn)
{
	if (!is_arn(arn))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("IAM role must look like an IAM ARN")));
	(void) run_as_owner("INSERT INTO sys.iam_role_mappings"
						" (iam_oid, pg_role_oid, arn, grantor_pg_role_oid)"
						" VALUES (pg_catalog.nextval('sys.iam_oids'), $1, $2,"
						" $3) ON CONFLICT DO NOTHING",
						check_role(role), arn);
}

static void
revoke_trust(const char *role, const char *arn)
{
	Oid	   oid = get_role_oid(role, true);
	uint64 rows = 0;

	if (OidIsValid(oid))
		rows = run_as_owner("DELETE FROM sys.iam_role_mappings"
							" WHERE pg_role_oid OPERATOR(pg_catalog.=) $1"
							" AND arn OPERATOR(pg_catalog.=) $2"
							" AND $3 IS NOT NULL",
							oid, arn);
	if (rows == 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("IAM role %s does not exist", arn)));
}

bool
iam_execute(PlannedStmt *pstmt, QueryCompletion *qc)
{
	Node *statement = pstmt->utilityStmt;

	if (!iam_syntax_is(statement))
		return false;
	PreventCommandIfReadOnly(CreateCommandName(statement));
	if (!privileges_is_admin())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to grant IAM trust with role %s",
						iam_syntax_role(statement))));
	if (iam_syntax_is_grant(statement))
		grant_trust(iam_syntax_role(statement), iam_syntax_arn(statement));
	else
		revoke_trust(iam_syntax_role(statement), iam_syntax_arn(statement));
	if (qc != NULL)
		SetQueryCompletion(qc, CreateCommandTag(statement), 0);
	return true;
}
