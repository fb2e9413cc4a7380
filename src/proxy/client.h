/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the proxy: what session/client.h has, and its server connection.  The table of its
 * states is in client_states.c; the files with the handlers are named for the states.
 *
 *   UNENCRYPTED [-> ENCRYPTED] [-> SCRAM] -> WAITING -> RELAY or TRANSACTION
 *   UNENCRYPTED or ENCRYPTED -> CANCELING
 *   any of these -> ENDING -> CLOSED, or at once -> CLOSED
 */
#ifndef DSQL_PROXY_CLIENT_H
#define DSQL_PROXY_CLIENT_H

#include "proxy/cluster.h"
#include "proxy/session_watch.h"
#include "session/client.h"

/** The proxy's own states, beside those of session/client.h. */
enum proxy_state {
    PROXY_SCRAM = SESSION_OWN, /* proves its password */
    PROXY_WAITING,             /* may come in; waits for a server connection */
    PROXY_CANCELING,           /* its cancel request is on its way */
    PROXY_TRANSACTION,         /* in its session, in transaction mode: see client_transaction.h */
    PROXY_STATES
};

/** Where clients come in. */
enum place_kind { PLACE_SOCKET, PLACE_LOOPBACK, PLACE_NETWORK };

struct place {
    struct cluster *cluster; /* NULL: it is not offered any more */
    enum place_kind kind;
};

/** What all clients of one proxy share, beside struct session_shared. */
struct proxy_shared {
    const struct proxy_options *options; /* limits resolved: never 0 */
    int client_count;                    /* that have proved who they are */
    bool is_draining;
    struct dropped_names *dropped; /* see dropped_names.h */
};

struct proxy_client {
    struct session_client session; /* the first, see proxy_client_of() */
    struct cluster *cluster;
    bool is_admitted; /* counts for the limit of the proxy ... */
    bool is_counted;  /* ... and, until it begins to end, among those of the cluster */
    bool is_waiting;  /* among those that wait */
    int64_t waiting_since_ms;
    struct buf startup;        /* for the cluster; kept for a second connection */
    struct proxy_scram *scram; /* NULL, except in PROXY_SCRAM */
    struct server_request request;
    struct server *server; /* NULL before SESSION_RELAY, and after its end */
    struct server *fresh;  /* takes its place as soon as the session is idle; mostly NULL */
    struct session_watch watch;
    struct cancel *cancel;                 /* in PROXY_CANCELING ... */
    struct pooled *held;                   /* ... and what it means, in transaction mode */
    struct proxy_transaction *transaction; /* in transaction mode, from PROXY_WAITING on */
    struct proxy_dump *dump;               /* of pg_dump and pg_restore; NULL: it is another one */
    int64_t over_age_ms; /* monotonic: since when it is to be replaced; 0: it is not */
    bool is_ending;      /* as soon as the session is idle */
};

struct proxy_client *proxy_client_of(struct session_client *session);
struct proxy_shared *proxy_client_shared(const struct session_client *session);
const struct proxy_options *proxy_client_options(const struct session_client *session);
const struct place *proxy_client_place(const struct session_client *session);

/** It has said what it wants, and has to do with this cluster from now on. */
void proxy_client_enter(struct proxy_client *client, struct cluster *cluster);

/** Whether the proxy, or the offer of its cluster, is to end. */
bool proxy_client_is_unwanted(const struct proxy_client *client);

/** Ends the session with what the server has answered, or with why there is no connection. */
void proxy_client_fail_connect(struct session_client *session,
                               const struct server_failure *failure);

/** Ends the session because no connection became free in time. */
void proxy_client_fail_wait(struct session_client *session);

/** Counts it, or refuses it because there are too many.  False: it has been refused. */
bool proxy_client_admit(struct session_client *session);

#endif
