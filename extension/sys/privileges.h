/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * privileges.h
 *	  Which roles may see and set what concerns the whole cluster.
 */
#ifndef DSQL_SYS_PRIVILEGES_H
#define DSQL_SYS_PRIVILEGES_H

/* Is the current user a superuser, the role admin, or a member of it? */
extern bool privileges_is_admin(void);

#endif /* DSQL_SYS_PRIVILEGES_H */
