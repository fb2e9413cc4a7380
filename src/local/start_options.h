/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a start of a local cluster may be asked for; from the command to the daemon.  All strings
 * are the command's and are not copied: the daemon is the same process, or is forked from it.  None
 * of them may be in the environment, which the daemon wipes.
 */
#ifndef DSQL_LOCAL_START_OPTIONS_H
#define DSQL_LOCAL_START_OPTIONS_H

#include "base/secret.h"
#include "local/cluster.h"
#include "net/service_notify.h"

#include <stdbool.h>

enum { START_PORT_DEFAULT = -1 }; /* the port of the last start, else the first free from 5432 */

struct start_options {
    const char *pg_bindir;       /* NULL: look for PostgreSQL's programs */
    const char *extension_dir;   /* NULL: beside this program */
    const char *const *settings; /* more for PostgreSQL, "name=value" ... NULL; or NULL */
    const char *listen_address;  /* numeric, or "*"; NULL: that of the last start */
    int port;                    /* 0: any free port; or START_PORT_DEFAULT */
    bool is_init_only;           /* create the cluster and stop it again */
    bool is_throw_away;          /* deleted when it stops: nothing need survive that */
    void (*progress)(const char *line);

    const char *endpoint;            /* of a new cluster; NULL: a random one */
    const char *const *server_names; /* more names of the server, and a NULL; or NULL */
    const char *init_dir;            /* absolute; scripts for a new cluster; NULL: none */
    const char *access_key;          /* of the first identity; NULL: the one that it has */
    struct secret *secret;           /* that belongs to it; the daemon clears it */

    /* For daemon_serve() only. */
    const struct service_notify *notify;
    const int *listen_fds; /* sockets to listen on, instead of address and port */
    int listen_fd_count;
    /** Called when the cluster accepts connections. */
    void (*on_ready)(void *arg, const struct cluster *cluster);
    void *on_ready_arg;
};

#endif
