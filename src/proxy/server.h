/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a cluster, logged in as one role with the parameters of one client.  Its owner
 * learns whether the login succeeded and then receives what the server sends.  What a server does
 * in each of its states is in a table in server.c:
 *
 *   CONNECTING -> LOGIN [-> TOKEN -> LOGIN] -> READY -> ENDING -> CLOSED
 *   any before READY -> FAILED -> CLOSED, and any -> CLOSED
 */
#ifndef DSQL_PROXY_SERVER_H
#define DSQL_PROXY_SERVER_H

#include "base/clock.h"
#include "base/log.h"
#include "connect/connect_failure.h"
#include "proxy/link.h"
#include "proxy/mint.h"
#include "proxy/server_password.h"
#include "session/server_login.h"
#include "wire/startup.h"

enum server_state {
    SERVER_CONNECTING, /* DNS, TCP, TLS */
    SERVER_LOGIN,      /* the startup message was sent */
    SERVER_TOKEN,      /* the server asks for the password, and the token is being made */
    SERVER_READY,      /* logged in; bytes go to the owner */
    SERVER_FAILED,     /* the owner knows why and will close it */
    SERVER_ENDING,     /* the last bytes are on their way */
    SERVER_CLOSED,     /* handles are closing; the memory is freed with the last of them */
    SERVER_STATES
};

/** What the servers of one cluster share.  Belongs to the cluster, which outlives them. */
struct server_shared {
    uv_loop_t *loop;
    const struct clock *clock;
    const struct logger *logger;
    struct link_target target;
    struct mint mint;
    const struct secret *password; /* instead of a token; NULL: tokens */
    int login_timeout_ms;          /* for all of it, from DNS to the first ReadyForQuery */
    struct proxy_counters *counters;
    void (*on_gone)(void *arg); /* a server's memory was freed */
    void *arg;
};

struct server;

/** All are called from the loop, and none after server_close(). */
struct server_events {
    void (*on_ready)(void *arg, struct server *server);  /* the greeting is complete */
    void (*on_failed)(void *arg, struct server *server); /* server->failure says why */
    void (*on_data)(void *arg, struct text bytes);       /* after on_ready, also these */
    void (*on_end)(void *arg);
    void (*on_drain)(void *arg);
};

enum { SERVER_PROBLEM_SIZE = 256 };

/** Why a server is not ready.  The texts belong to the server. */
struct server_failure {
    enum connect_failure_kind kind;
    enum proxy_refusal refusal;
    char problem[SERVER_PROBLEM_SIZE]; /* one line, for the log */
    struct buf message;                /* the server's ErrorResponse; empty: it sent none */
};

/** Belongs to the loop: it is freed when open_handles is 0 after server_close(). */
struct server {
    struct server_shared *shared;
    enum server_state state;
    const struct server_events *events;
    void *arg;
    struct link link;
    uv_timer_t timer;
    int open_handles;
    enum token_action action;
    struct buf startup; /* the StartupMessage */
    struct mint_waiter waiter;
    struct server_password password;
    struct server_login login;
    bool is_begun;     /* see server_begin() */
    int64_t opened_ms; /* monotonic: when the login was complete */
    struct server_failure failure;
};

/** Begins to connect.  startup is copied.  NULL: out of memory. */
struct server *server_open(struct server_shared *shared, enum token_action action,
                           struct text startup, const struct server_events *events, void *arg);

/** Another owner. */
void server_give(struct server *server, const struct server_events *events, void *arg);

/**
 * The owner has read server->login, whose greeting lacks only ReadyForQuery, and begins to relay:
 * what the server has sent after the login is reported now.
 */
void server_begin(struct server *server);

/** In SERVER_READY only. */
struct stream *server_stream(const struct server *server);

/** What a CancelRequest for it contains; the empty text if the server has sent no key. */
struct text server_cancel_key(const struct server *server);

/**
 * Ends it, in any state.  Nothing is reported any more.  is_between: what was sent to it ends with
 * a whole message, so Terminate may follow.  Otherwise it could be taken for the end of a
 * statement.
 */
void server_close(struct server *server, bool is_between);

#endif
