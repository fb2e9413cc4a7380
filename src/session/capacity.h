/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How many clients a program may have at once, so that it never runs out of file descriptors: a
 * process without a free one can neither accept a client nor tell it why.
 */
#ifndef DSQL_SESSION_CAPACITY_H
#define DSQL_SESSION_CAPACITY_H

enum {
    CAPACITY_RESERVE = 64, /* descriptors for listeners, event loop, log and files */
    CAPACITY_MAX_WAITING = 1000,
    CAPACITY_MAX_CANCELS = 1000,
    CAPACITY_MAX_PASSWORDS = 500
};

/** All are at least 1. */
struct capacity {
    int waiting;     /* clients in each of the stages before the password */
    int cancels;     /* requests on their way to PostgreSQL */
    int passwords;   /* clients whose password is awaited; they are among the connections */
    int connections; /* admitted clients */
    int servers;     /* connections to servers, for all of those clients together */
};

/**
 * Negative means no limit.  max_servers: there are never more connections to servers, however many
 * clients share them; no limit stands for one for each client.
 */
struct capacity capacity_for(long descriptors, int max_connections, int max_servers);

/** The limit of descriptors of this process; negative if there is none. */
long capacity_descriptors(void);

#endif
