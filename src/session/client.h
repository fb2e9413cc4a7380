/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One client of a program that stands before PostgreSQL: what every such client has, and the
 * state it is in.  The program (struct session_program) embeds this struct as the first member of
 * its own, and gives a table with one row for each state.  A row says which states may follow and
 * what each event does.  session_set_state() is the only function that changes a state.
 *
 * The states below are common to all programs, and so are the handlers for them in the files
 * client_*.h of this folder.  A program adds its own states between them:
 *
 *   UNENCRYPTED [-> ENCRYPTED] -> (the program's) -> RELAY
 *   any of these -> ENDING -> CLOSED, or at once -> CLOSED
 */
#ifndef DSQL_SESSION_CLIENT_H
#define DSQL_SESSION_CLIENT_H

#include "net/stream.h"
#include "session/cancel_keys.h"
#include "session/client_shared.h"
#include "session/relay.h"
#include "session/waiting_list.h"

/**
 * What is true in each state.  In those before SESSION_RELAY, the login timeout runs and what the
 * client sends is kept in client->in, up to its limit.
 */
enum session_state {
    SESSION_UNENCRYPTED, /* only what negotiation.h names has come, if anything */
    SESSION_ENCRYPTED,   /* TLS has begun; the startup message must follow */
    SESSION_RELAY,       /* logged in: messages pass both ways */
    SESSION_ENDING,      /* the last bytes are on their way; both directions are shut down */
    SESSION_CLOSED,      /* handles are closing; the memory is freed with the last of them */
    SESSION_OWN          /* the first of the program's own states */
};

/** Sets of states; the second may follow any state but the end itself. */
#define SESSION_BIT(state) (1U << (state))
#define SESSION_ENDS       (SESSION_BIT(SESSION_ENDING) | SESSION_BIT(SESSION_CLOSED))

/**
 * A row of the table.  A handler that is NULL ignores its event.  The client's events are the
 * first three, and those of its server connection the next four.
 */
struct session_rules {
    unsigned may_follow; /* a set of SESSION_BIT() */
    void (*on_data)(struct session_client *client, struct text bytes);
    void (*on_end)(struct session_client *client);      /* the client will send no more */
    void (*on_writable)(struct session_client *client); /* the queue to the client is short again */
    void (*on_server_open)(struct session_client *client);
    void (*on_server_data)(struct session_client *client, struct text bytes);
    void (*on_server_end)(struct session_client *client); /* also if it could not be reached */
    void (*on_server_writable)(struct session_client *client);
    void (*on_timeout)(struct session_client *client);
};

/**
 * Belongs to the loop: it is made by session_accept() and freed by client_end.c when open_handles
 * is 0.  All fields are used in the thread of the loop only.
 */
struct session_client {
    struct session_shared *shared;
    const void *came_to; /* the place of its listener, see acceptor.h */
    struct session_client *next;
    struct session_client *previous;
    struct waiting waiting; /* until it has logged in; see session_wait() */
    int state;              /* enum session_state, or the program's; see session_set_state() */
    bool has_asked_gss;     /* for GSS encryption, and was declined ... */
    bool has_asked_tls;     /* ... and for TLS */
    bool has_ended;         /* no more comes from the client ... */
    bool has_server_ended;  /* ... and from the server */
    int open_handles;       /* the memory stays until libuv has closed them all */
    struct stream *stream;
    struct stream *server;        /* NULL if there is none; see client_server.h */
    uv_timer_t timer;             /* for the login, then for the session, then for the end */
    struct buf in;                /* see client_input.h */
    struct cancel_key cancel_key; /* of the session, from SESSION_RELAY on */
    struct relay relay;           /* used from SESSION_RELAY on */
};

/** The new state must be one that may follow the present one. */
void session_set_state(struct session_client *client, int state);

/** The row for the present state. */
const struct session_rules *session_rules(const struct session_client *client);

/** The connection is ending or closed: nothing may be sent and no event matters. */
bool session_is_over(const struct session_client *client);

/** Calls on_timeout once after so many milliseconds; negative: never. */
void session_start_timer(struct session_client *client, int64_t ms);

#endif
