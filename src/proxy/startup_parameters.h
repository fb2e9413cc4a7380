/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which startup parameters of a client are passed on to the cluster.  Aurora DSQL refuses a login
 * with one that it does not know, and many drivers send such, so they are dropped.
 */
#ifndef DSQL_PROXY_STARTUP_PARAMETERS_H
#define DSQL_PROXY_STARTUP_PARAMETERS_H

#include "session/fatal_error.h"
#include "wire/startup.h"

enum { STARTUP_PARAMETERS_NAME_MAX = 63 /* bytes; PostgreSQL: NAMEDATALEN - 1 */ };

struct startup_rules {
    const char *user;             /* the role; NULL: that of the client */
    const char *dbname;           /* NULL: that of the client */
    const char *application_name; /* before that of the client */
    bool is_strict;               /* pass everything on */
    /** A parameter is dropped.  name may have any length and any bytes. */
    void (*on_dropped)(void *arg, struct text name);
    void *arg;
};

/**
 * Writes the StartupMessage for the cluster, of protocol 3.0.  out is empty at first.  False:
 * *error is set.
 */
bool startup_parameters_write(const struct startup *startup, const struct startup_rules *rules,
                              struct buf *out, struct fatal_error *error);

/** The role of the session; the empty text if there is none. */
struct text startup_parameters_role(const struct startup *startup,
                                    const struct startup_rules *rules);

#endif
