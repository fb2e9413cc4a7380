/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program does with its clients, and what all of them share.  The latter belongs to the
 * program (see acceptor.h), which frees it after on_gone() has reported the last client.  The
 * clients change only the lists, the cancel keys and what is counted.
 */
#ifndef DSQL_SESSION_CLIENT_SHARED_H
#define DSQL_SESSION_CLIENT_SHARED_H

#include "base/clock.h"
#include "base/log.h"
#include "session/cancel_keys.h"
#include "session/waiting_list.h"
#include "wire/startup.h"

#include <openssl/ssl.h>

#include <uv.h>

struct session_client;
struct session_rules;

/** A constant.  What is not marked optional must be there. */
struct session_program {
    const struct session_rules *rules; /* one row for each state, the program's own included */
    size_t client_size;                /* of the program's struct, which begins with the client */
    size_t password_max;               /* bytes of the longest message before the session */
    /** A new client, all zero but for what is common.  It cannot fail, and allocates nothing. */
    void (*init)(struct session_client *client);
    /** Gives back what the program's part of the client owns; the memory is freed after it. */
    void (*clear)(struct session_client *client);
    /** The StartupMessage has come, with TLS or, in SESSION_UNENCRYPTED, without.  It points into
        client->in, whose first startup->size bytes it is. */
    void (*on_startup)(struct session_client *client, const struct startup *startup);
    /** A CancelRequest has come; so has an unknown one. */
    void (*on_cancel)(struct session_client *client, struct text request);
    /** Optional: the client begins to end, or is closed.  Called once, in the new state. */
    void (*on_over)(struct session_client *client);
};

struct session_shared {
    const struct session_program *program;
    void *program_arg; /* for the program */
    uv_loop_t *loop;
    SSL_CTX *tls; /* NULL: requests for TLS are declined */
    const struct clock *clock;
    const struct logger *logger;
    int login_timeout_ms;
    struct waiting_list waiting[WAITING_STAGES]; /* clients that have not logged in */
    struct cancel_keys cancel_keys;
    int shed_count;               /* closed to make room, since the log said so */
    int64_t shed_logged_ms;       /* by the monotonic clock; 0: never */
    struct session_client *first; /* of the list of clients */
    void (*on_gone)(void *arg);   /* after a client left the list and its memory was freed */
    void *arg;
};

#endif
