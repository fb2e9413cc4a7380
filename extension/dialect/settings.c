/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_settings.c
 *	  The settings of Aurora DSQL: SET, RESET, SHOW, set_config().
 *
 * Start-up parameters are the gateway's (src/gateway/parameters.c has the same
 * list).
 */
#include "base/settings.h"

#include "dialect/settings.h"
#include "dialect/statements.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"

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

/* Gone in PostgreSQL 16, which Aurora DSQL says it is. */
static const char *const forgotten[] = {"lc_collate", "lc_ctype"};

/* Known to Aurora DSQL, and without an effect here. */
static bool enable_batched_nestloop = true;
static bool disable_sync_create_index = true;

void
settings_init(void)
{
	DefineCustomBoolVariable("dsql.enable_batched_nestloop",
							 "Has no effect in a local cluster.", NULL,
							 &enable_batched_nestloop, true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"disable_sync_create_index", "Has no effect in a local cluster.", NULL,
		&disable_sync_create_index, true, PGC_USERSET, 0, NULL, NULL, NULL);
}

static bool
is_among(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (pg_strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

void
settings_check_name(const char *name)
{
	if (!is_among(name, settable, lengthof(settable)))
		dialect_refuse("setting configuration parameter \"%s\" not supported",
					   name);
}

/* SET TRANSACTION and SET SESSION CHARACTERISTICS are refuse.c's. */
void
settings_check_set(const VariableSetStmt *set)
{
	if (set->kind == VAR_SET_MULTI)
	{
		if (strcmp(set->name, "TRANSACTION SNAPSHOT") == 0)
			settings_check_name("TRANSACTION");
		return;
	}
	if (set->kind == VAR_RESET_ALL)
		return;
	if (set->is_local && pg_strcasecmp(set->name, "role") == 0)
		return;
	settings_check_name(set->name);
}

/* set_config(), of a setting that may be changed. */
Datum
dsql_set_config(PG_FUNCTION_ARGS)
{
	if (dialect_applies() && !PG_ARGISNULL(0))
		settings_check_name(TextDatumGetCString(PG_GETARG_DATUM(0)));
	return set_config_by_name(fcinfo);
}

void
settings_check_show(const VariableShowStmt *show)
{
	if (is_among(show->name, forgotten, lengthof(forgotten)))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("unrecognized configuration parameter \"%s\"",
							   show->name)));
}
