/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a start of a local cluster may be asked for; from the command to the daemon.  All strings
 * are the command's and are not copied: the daemon is forked from it and has them too.
 */
#ifndef DSQL_LOCAL_START_OPTIONS_H
#define DSQL_LOCAL_START_OPTIONS_H

#include <stdbool.h>

enum { START_PORT_DEFAULT = -1 }; /* the port of the last start, else the first free from 5432 */

struct start_options {
    const char *pg_bindir;       /* NULL: look for PostgreSQL's programs */
    const char *extension_dir;   /* NULL: beside this program */
    const char *const *settings; /* more for PostgreSQL, "name=value" ... NULL; or NULL */
    const char *listen_address;  /* of the loopback network; NULL: that of the last start */
    int port;                    /* 0: any free port; or START_PORT_DEFAULT */
    bool is_init_only;           /* create the cluster and stop it again */
    void (*progress)(const char *line);
};

#endif
