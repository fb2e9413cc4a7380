/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c
 *	  Which sessions the dialect applies to.
 *
 * The login decides, once and for all: SET ROLE and SECURITY DEFINER change
 * the current user but not the dialect.
 *
 * Jobs and autovacuum call functions of users, in the expressions of indexes
 * and CHECKs, as the owner of the table.  There the current user decides: what
 * is refused to a client is refused to its functions in these processes too.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/settings.h"
#include "dialect/catalog_views.h"
#include "dialect/query_memory.h"
#include "dialect/session.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

/* The version that Aurora DSQL reports. */
#define SERVER_VERSION	   "16.15"
#define SERVER_VERSION_NUM 160015

/* The client logged in, and not as a superuser. */
static bool is_client = false;

/* PostgreSQL allows its own version as the only value of that setting. */
static void
set_version_number(void)
{
	struct config_int *number =
		(struct config_int *) settings_find("server_version_num");

	if (number != NULL)
	{
		number->min = Min(number->min, SERVER_VERSION_NUM);
		number->max = Max(number->max, SERVER_VERSION_NUM);
	}
	SetConfigOption("server_version_num", CppAsString2(SERVER_VERSION_NUM),
					PGC_INTERNAL, PGC_S_OVERRIDE);
}

void
dialect_session_begin(const char *role_name)
{
	Oid role = get_role_oid(role_name, true);

	is_client = OidIsValid(role) && !superuser_arg(role);
	if (!is_client)
		return;
	SetConfigOption("server_version", SERVER_VERSION, PGC_INTERNAL,
					PGC_S_OVERRIDE);
	set_version_number();
	query_memory_begin_session();
	catalog_views_begin_session();
}

bool
dialect_applies(void)
{
	if (MyBackendType != B_BACKEND)
		return IsTransactionState() && !superuser();
	return is_client && settings_is_strict();
}
