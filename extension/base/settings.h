/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h
 *	  What every room may know: names of the cluster and strict mode.
 *
 * base/ is the ground floor.  Its files include nothing of the other rooms and
 * decide nothing for them.
 */
#ifndef DSQL_BASE_SETTINGS_H
#define DSQL_BASE_SETTINGS_H

struct config_generic;

/* The table access method that the extension's SQL creates. */
#define DSQL_AM_NAME "dsql"

/* The role that administers a cluster.  It is not a superuser. */
#define DSQL_ADMIN_ROLE "admin"

/*
 * dsql_local.strict: reject what Aurora DSQL rejects, and enforce its limits.
 * A superuser turns it off for maintenance: initial scripts, pg_restore, our
 * own worker.  Conflicts are found whether it is on or off.
 */
extern bool settings_strict;

extern void settings_init(void);

/*
 * Does strict mode apply to this process?  It never does to autovacuum, the
 * job worker and other background processes.
 */
extern bool settings_is_strict(void);

/*
 * The server setting of that name, or NULL.  For changing what PostgreSQL does
 * not let an extension change: its bounds and its check hook.
 */
extern struct config_generic *settings_find(const char *name);

#endif /* DSQL_BASE_SETTINGS_H */
