/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.c
 *	  Which settings a session may change: SET, RESET, SHOW, set_config().
 *
 * The gateway checks startup parameters itself, by the same list in
 * src/gateway/parameters.c.
 */
#include "postgres.h"

#include "base/settings.h"
#include "dialect/refuse.h"
#include "dialect/session.h"
#include "dialect/settings.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

static const char *const settable[] = {
	"application_name",
	"client_encoding",
	"datestyle",
	"disable_sync_create_index",
	"dsql.enable_batched_nestloop",
	"enable_bitmapscan",
	"enable_hashjoin",
	"enable_indexonlyscan",
	"enable_indexscan",
	"enable_material",
	"enable_mergejoin",
	"enable_nestloop",
	"enable_seqscan",
	"extra_float_digits",
	"intervalstyle",
	"search_path",
	"timezone",
};

PG_FUNCTION_INFO_V1(dsql_set_config);
PG_FUNCTION_INFO_V1(dsql_current_setting);
PG_FUNCTION_INFO_V1(dsql_current_setting_if_known);

/*
 * Aurora DSQL claims to be PostgreSQL 16.  15 has these besides, and 17 those
 * of the second group.
 */
static const char *const not_in_16[] = {
	"force_parallel_mode",
	"lc_collate",
	"lc_ctype",
	"promote_trigger_file",
	"vacuum_defer_cleanup_age",

	"allow_alter_system",
	"commit_timestamp_buffers",
	"enable_group_by_reordering",
	"event_triggers",
	"huge_pages_status",
	"io_combine_limit",
	"max_notify_queue_pages",
	"multixact_member_buffers",
	"multixact_offset_buffers",
	"notify_buffers",
	"serializable_buffers",
	"subtransaction_buffers",
	"summarize_wal",
	"sync_replication_slots",
	"synchronized_standby_slots",
	"trace_connection_negotiation",
	"transaction_buffers",
	"transaction_timeout",
	"wal_summary_keep_time",
};

/* Settings of Aurora DSQL that have no effect here. */
static bool enable_batched_nestloop = true;
static bool disable_sync_create_index = true;

void
dialect_settings_init(void)
{
	DefineCustomBoolVariable("dsql.enable_batched_nestloop",
							 "Has no effect in a local cluster.", NULL,
							 &enable_batched_nestloop, true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"disable_sync_create_index", "Has no effect in a local cluster.", NULL,
		&disable_sync_create_index, true, PGC_USERSET, 0, NULL, NULL, NULL);
}

/* ---- The encoding of the client ---- */

static GucStringCheckHook check_encoding_of_postgresql;

/*
 * In the encodings that PostgreSQL accepts from clients only, the second byte
 * of a character may be a backslash or a letter.  The gateway reads SQL before
 * it is converted, and would see the end of a string where there is none.
 */
static bool
check_client_encoding(char **value, void **extra, GucSource source)
{
	int encoding = pg_char_to_encoding(*value);

	if (PG_VALID_FE_ENCODING(encoding) && !PG_VALID_BE_ENCODING(encoding))
	{
		GUC_check_errcode(ERRCODE_FEATURE_NOT_SUPPORTED);
		GUC_check_errmsg("client encoding \"%s\" not supported",
						 pg_encoding_to_char(encoding));
		GUC_check_errhint("Use UTF8, which is the server's encoding.");
		return false;
	}
	return check_encoding_of_postgresql(value, extra, source);
}

static void
check_encodings(void)
{
	struct config_string *encoding =
		(struct config_string *) settings_find("client_encoding");

	if (encoding == NULL || encoding->check_hook == check_client_encoding)
		return;
	check_encoding_of_postgresql = encoding->check_hook;
	encoding->check_hook = check_client_encoding;
}

/* SHOW ALL and pg_settings leave them out. */
static void
hide_unknown(void)
{
	for (int i = 0; i < lengthof(not_in_16); i++)
	{
		struct config_generic *setting = settings_find(not_in_16[i]);

		if (setting != NULL)
			setting->flags |= GUC_NO_SHOW_ALL;
	}
}

void
dialect_settings_begin_session(void)
{
	check_encodings();
	hide_unknown();
}

/* ---- Names ---- */

static bool
is_among(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (pg_strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

void
dialect_settings_check_name(const char *name)
{
	if (!is_among(name, settable, lengthof(settable)))
		dialect_refuse("setting configuration parameter \"%s\" not supported",
					   name);
}

/*
 * SET TRANSACTION and SET SESSION CHARACTERISTICS are checked in
 * transaction_statements.c, for superusers too.
 */
void
dialect_settings_check_set(Node *statement)
{
	const VariableSetStmt *set = castNode(VariableSetStmt, statement);

	if (set->kind == VAR_SET_MULTI)
	{
		if (strcmp(set->name, "TRANSACTION SNAPSHOT") == 0)
			dialect_settings_check_name("TRANSACTION");
		return;
	}
	if (set->kind == VAR_RESET_ALL)
		return;
	if (set->is_local && pg_strcasecmp(set->name, "role") == 0)
		return;
	dialect_settings_check_name(set->name);
}

/* sys.dsql_set_config(): set_config() with the rules of SET. */
Datum
dsql_set_config(PG_FUNCTION_ARGS)
{
	if (dialect_applies() && !PG_ARGISNULL(0))
		dialect_settings_check_name(TextDatumGetCString(PG_GETARG_DATUM(0)));
	return set_config_by_name(fcinfo);
}

static bool
is_unknown(const char *name)
{
	return is_among(name, not_in_16, lengthof(not_in_16));
}

static void
check_known(const char *name)
{
	if (is_unknown(name))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("unrecognized configuration parameter \"%s\"", name)));
}

void
dialect_settings_check_show(Node *statement)
{
	check_known(castNode(VariableShowStmt, statement)->name);
}

/* sys.dsql_current_setting(text): current_setting() with the rules of SHOW. */
Datum
dsql_current_setting(PG_FUNCTION_ARGS)
{
	check_known(TextDatumGetCString(PG_GETARG_DATUM(0)));
	return show_config_by_name(fcinfo);
}

/* sys.dsql_current_setting(text, missing_ok boolean) */
Datum
dsql_current_setting_if_known(PG_FUNCTION_ARGS)
{
	char *name = TextDatumGetCString(PG_GETARG_DATUM(0));

	if (!PG_GETARG_BOOL(1))
		check_known(name);
	else if (is_unknown(name))
		PG_RETURN_NULL();
	return show_config_by_name_missing_ok(fcinfo);
}
