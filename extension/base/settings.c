/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.c
 *	  Strict mode, and a way to find any server setting.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/settings.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

bool settings_strict = true;

void
settings_init(void)
{
	DefineCustomBoolVariable(
		"dsql_local.strict",
		"Reject what Aurora DSQL rejects, and enforce its limits.",
		"Superusers turn it off for maintenance.", &settings_strict, true,
		PGC_SUSET, 0, NULL, NULL, NULL);
}

bool
settings_is_strict(void)
{
	return settings_strict && MyBackendType == B_BACKEND;
}

struct config_generic *
settings_find(const char *name)
{
	int						n;
	struct config_generic **settings = GUC_VARIABLES_COMPAT(&n);

	for (int i = 0; i < n; i++)
		if (strcmp(settings[i]->name, name) == 0)
			return settings[i];
	return NULL;
}
