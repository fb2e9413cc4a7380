/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h
 *	  Everything in PostgreSQL that calls us.
 *
 * Only the files of hooks/ touch PostgreSQL's hook variables, and each hook is
 * chained once.  The body of a hook is the order in which the other rooms are
 * called; what they do is theirs, and none of them knows when it is called.
 */
#ifndef DSQL_HOOKS_HOOKS_H
#define DSQL_HOOKS_HOOKS_H

/* In the postmaster, from _PG_init(): after the settings are defined. */
extern void hooks_install(void);

#endif /* DSQL_HOOKS_HOOKS_H */
