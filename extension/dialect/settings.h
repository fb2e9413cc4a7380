/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h
 *	  Which settings a session may change.
 */
#ifndef DSQL_DIALECT_SETTINGS_H
#define DSQL_DIALECT_SETTINGS_H

#include "nodes/nodes.h"

extern void dialect_settings_init(void);

/* A session that the dialect applies to has begun. */
extern void dialect_settings_begin_session(void);

/* Raises if a session may not change the setting of that name. */
extern void dialect_settings_check_name(const char *name);

extern void dialect_settings_check_set(Node *statement);
extern void dialect_settings_check_show(Node *statement);

#endif /* DSQL_DIALECT_SETTINGS_H */
