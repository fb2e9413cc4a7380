/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.h
 *	  What statements on roles may not contain.
 */
#ifndef DSQL_DIALECT_ROLES_H
#define DSQL_DIALECT_ROLES_H

#include "nodes/nodes.h"

/* Raises if it is the name of the administrator.  NULL is allowed. */
extern void dialect_roles_check_name(const char *name);

extern void dialect_roles_check_create(Node *statement);
extern void dialect_roles_check_alter(Node *statement);
extern void dialect_roles_check_alter_set(Node *statement);
extern void dialect_roles_check_drop(Node *statement);

/* GRANT of a role. */
extern void dialect_roles_check_grant(Node *statement);

#endif /* DSQL_DIALECT_ROLES_H */
