/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * privileges.h
 *	  Who may see and set what concerns the whole cluster.
 */
#ifndef DSQL_PRIVILEGES_H
#define DSQL_PRIVILEGES_H

/* Is the current user a superuser, or the role "admin" or one of its members?
 */
extern bool user_is_admin(void);

#endif /* DSQL_PRIVILEGES_H */
