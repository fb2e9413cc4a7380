/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_settings.h
 *	  Which settings a session may change.
 */
#ifndef DSQL_DIALECT_SETTINGS_H
#define DSQL_DIALECT_SETTINGS_H

#include "nodes/parsenodes.h"

extern void settings_init(void);
extern void settings_check_set(const VariableSetStmt *set);
extern void settings_check_show(const VariableShowStmt *show);

/* Raises if it may not be changed. */
extern void settings_check_name(const char *name);

#endif /* DSQL_DIALECT_SETTINGS_H */
