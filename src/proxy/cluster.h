/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One cluster that a proxy offers: its settings, its server connections, and those who wait for
 * one.  Connects begin in the order of the requests, as fast as the service allows.  A failure that
 * passes by itself keeps a request waiting; any other one is reported.  Knows no clients.
 */
#ifndef DSQL_PROXY_CLUSTER_H
#define DSQL_PROXY_CLUSTER_H

#include "config/settings.h"
#include "proxy/cancel.h"
#include "proxy/proxy_options.h"
#include "proxy/server.h"
#include "session/rate_limit.h"

struct cluster;

/** One who wants a server connection.  A part of its owner. */
struct server_request {
    /** The server is the owner's from now on: server_give() it events, and close it in the end. */
    void (*on_server)(void *arg, struct server *server);
    /** failure is valid during the call only. */
    void (*on_failed)(void *arg, const struct server_failure *failure);
    void *arg;
    enum token_action action;
    struct text startup; /* the StartupMessage; must stay valid until one of these is called */

    struct cluster *cluster; /* NULL: it wants nothing now */
    struct server *server;   /* being connected for it; NULL: it is in the queue */
    struct server_request *next;
    struct server_request *previous;
    bool was_expired; /* its token was refused once */
};

struct pools;

struct cluster {
    const struct proxy_options *options;
    const struct proxy_cluster_options *own;
    struct settings settings;
    struct server_shared servers;
    struct pools *pools; /* NULL: sessions are only relayed.  They do not belong to the cluster */
    struct proxy_counters counters;
    struct rate_limit pace;
    uv_timer_t again;              /* when the pace or the back-off allows the next connect */
    struct server_request *oldest; /* the queue */
    struct server_request *newest;
    int server_count; /* whose memory has not been freed */
    int max_servers;
    int waits;              /* failures that pass, in a row; see the back-off in cluster.c */
    int64_t waits_until_ms; /* monotonic */
    char problem[SERVER_PROBLEM_SIZE]; /* the last of them; "" if there is none */
    int open_handles;
    int users;                    /* clients that have come to it and are not gone */
    bool is_retired;              /* no more of them come ... */
    void (*on_unused)(void *arg); /* ... and the last one has gone: is called once */
    void *unused_arg;
    bool is_closing;
    void (*on_closed)(void *arg);
    void *arg;
};

/** Resolves the settings as libdsql does.  May read files and, for the region, the network. */
dsql_status cluster_init(struct cluster *cluster, uv_loop_t *loop,
                         const struct proxy_options *options,
                         const struct proxy_cluster_options *own, dsql_error *err);

/** At most so many server connections, if the options of the cluster allow more; at least one. */
void cluster_limit_servers(struct cluster *cluster, int max);

void cluster_request(struct cluster *cluster, struct server_request *request);
/** Ignored if it wants nothing. */
void cluster_withdraw(struct server_request *request);

/**
 * Passes a cancel request on to the session of this server.  on_done is called when the server has
 * read it, or could not be reached; then, or before, cancel_close() it.  NULL: it cannot be done.
 */
struct cancel *cluster_cancel(struct cluster *cluster, const struct server *server,
                              void (*on_done)(void *arg), void *arg);

/** A client comes, and is gone. */
void cluster_enter(struct cluster *cluster);
void cluster_leave(struct cluster *cluster);

/** No more clients come.  on_unused is called when the last one has gone, perhaps at once. */
void cluster_retire(struct cluster *cluster, void (*on_unused)(void *arg), void *arg);

/** All servers have been closed by their owners.  on_closed is called from the loop. */
void cluster_close(struct cluster *cluster, void (*on_closed)(void *arg), void *arg);
/** After on_closed, or a failed cluster_init(). */
void cluster_clear(struct cluster *cluster);

/** Whether there are as many connections as there may be. */
bool cluster_is_full(const struct cluster *cluster);

#endif
