/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * install.h
 *	  One installer a file of hooks/.  For hooks.c.
 */
#ifndef DSQL_HOOKS_INSTALL_H
#define DSQL_HOOKS_INSTALL_H

extern void hooks_install_shmem(void);			/* shared memory */
extern void hooks_install_authentication(void); /* a client has logged in */
extern void hooks_install_analyze(void);		/* a statement was parsed */
extern void hooks_install_planner(void);		/* a query is planned */
extern void hooks_install_executor(void);		/* a query is executed */
extern void hooks_install_utility(void);		/* any other statement */
extern void hooks_install_xact(void);			/* COMMIT and ROLLBACK */
extern void hooks_install_log(void);			/* an error is reported */
extern void hooks_install_object_access(void);	/* a function is executed */

#endif /* DSQL_HOOKS_INSTALL_H */
