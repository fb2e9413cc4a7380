/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * objects.h
 *	  What statements on objects other than tables, sequences and roles may not
 *	  contain.
 */
#ifndef DSQL_DIALECT_OBJECTS_H
#define DSQL_DIALECT_OBJECTS_H

#include "nodes/nodes.h"

/* Each takes the statement that its name says. */
extern void dialect_objects_check_drop(Node *statement);
extern void dialect_objects_check_rename(Node *statement);
extern void dialect_objects_check_set_schema(Node *statement);
extern void dialect_objects_check_owner(Node *statement);
extern void dialect_objects_check_comment(Node *statement);
extern void dialect_objects_check_grant(Node *statement);
extern void dialect_objects_check_default_privileges(Node *statement);
extern void dialect_objects_check_copy(Node *statement);
extern void dialect_objects_check_define(Node *statement);
extern void dialect_objects_check_vacuum(Node *statement);
extern void dialect_objects_check_view(Node *statement);
extern void dialect_objects_check_domain(Node *statement);
extern void dialect_objects_check_alter_domain(Node *statement);
extern void dialect_objects_check_deallocate(Node *statement);

#endif /* DSQL_DIALECT_OBJECTS_H */
