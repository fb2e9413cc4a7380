/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One client: what it holds, and the state it is in.  A table with one row per state
 * (client.c) says which states may follow and what each event does; the files that hold
 * the handlers are named for the states.  client_set_state() is the only function that
 * changes a state.
 *
 *   UNENCRYPTED -> ENCRYPTED -> PASSWORD -> CONNECTING -> LOGIN [-> MAPPING] -> RELAY
 *   UNENCRYPTED or ENCRYPTED -> CANCELING
 *   any of these -> ENDING -> CLOSED, or at once -> CLOSED
 */
#ifndef DSQL_GATEWAY_CLIENT_STATE_H
#define DSQL_GATEWAY_CLIENT_STATE_H

#include "config/settings.h"
#include "gateway/cancel_keys.h"
#include "gateway/client_shared.h"
#include "gateway/sql_rewriter.h"
#include "gateway/waiting_list.h"
#include "net/stream.h"
#include "session/relay.h"
#include "session/server_login.h"

/**
 * What is true in each state.  In those before CLIENT_RELAY, the login timeout runs and what the
 * client sends is kept in client->in, up to its limit.
 */
enum client_state {
    CLIENT_UNENCRYPTED, /* accepts only requests for TLS and cancel requests */
    CLIENT_ENCRYPTED,   /* TLS has begun; the startup message must follow */
    CLIENT_PASSWORD,    /* asked for the password, which is an IAM token */
    CLIENT_CONNECTING,  /* the token is valid; connecting to PostgreSQL */
    CLIENT_LOGIN,       /* logging in to PostgreSQL as the client's role */
    CLIENT_MAPPING,     /* asked PostgreSQL whether the identity is mapped to the role */
    CLIENT_RELAY,       /* logged in: messages pass both ways */
    CLIENT_CANCELING,   /* passes a cancel request on, then ends */
    CLIENT_ENDING,      /* the last bytes are on their way; both directions are shut down */
    CLIENT_CLOSED,      /* handles are closing; the memory is freed with the last of them */
    CLIENT_STATES
};

struct client;

/**
 * A row of the table.  A handler that is NULL ignores its event.  The client's events are the
 * first three, and PostgreSQL's the next four.
 */
struct client_state_rules {
    unsigned may_follow; /* a set of CLIENT_BIT() */
    void (*on_data)(struct client *client, struct text bytes);
    void (*on_end)(struct client *client);      /* the client will send no more */
    void (*on_writable)(struct client *client); /* the queue to the client is short again */
    void (*on_server_open)(struct client *client);
    void (*on_server_data)(struct client *client, struct text bytes);
    void (*on_server_end)(struct client *client); /* also if it could not be reached */
    void (*on_server_writable)(struct client *client);
    void (*on_timeout)(struct client *client);
};

#define CLIENT_BIT(state) (1U << (state))

/**
 * Belongs to the loop: it is made by client_accept() and freed by client_end.c when open_handles
 * is 0.  All fields are used in the thread of the loop only.
 */
struct client {
    struct client_shared *shared;
    struct client *next;
    struct client *previous;
    struct waiting waiting;                 /* until the password was checked; see client_end.h */
    const struct client_state_rules *rules; /* CLIENT_STATES of them */
    enum client_state state;                /* see client_set_state() */
    struct stream *stream;
    struct stream *server; /* NULL before CLIENT_CONNECTING and CLIENT_CANCELING */
    uv_timer_t timer;      /* for the login, then for the session, then for the end */
    int open_handles;      /* the memory stays until libuv has closed them all */
    bool has_asked_gss;    /* for GSS encryption, and was declined */
    bool is_admitted;      /* counts as a connection */
    bool is_mapped;        /* PostgreSQL confirmed that the identity may be this role */
    bool has_ended;        /* no more comes from the client ... */
    bool has_server_ended; /* ... and from the server */
    char user[SETTINGS_NAME_SIZE];
    char arn[GATEWAY_IDENTITY_ARN_SIZE]; /* of the identity, once the token was checked */
    struct buf in;                       /* see client_input.h */
    struct buf to_server;                /* the first packet for the server */
    struct server_login login;
    struct cancel_key cancel_key; /* of the session, from CLIENT_RELAY on */
    struct relay relay;
    struct sql_rewriter rewriter; /* of what the client sends through the relay */
};

/** The new state must be one that may follow the present one. */
void client_set_state(struct client *client, enum client_state state);

/** The row for the present state. */
const struct client_state_rules *client_rules(const struct client *client);

/** The connection is ending or closed: nothing may be sent and no event matters. */
bool client_is_over(const struct client *client);

const struct gateway_options *client_options(const struct client *client);

/** Calls on_timeout once after so many milliseconds; negative: never. */
void client_start_timer(struct client *client, int64_t ms);

#endif
