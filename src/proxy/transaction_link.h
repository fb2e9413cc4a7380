/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A client, a server connection, and what passes between them while the connection is lent, without
 * sockets.  The owner of the sockets gives bytes and gets bytes, and is told when a client needs a
 * connection and when it does not need it any more.
 *
 *     client bytes -> transaction_client_data() -> server->out
 *     server bytes -> transaction_server_data() -> client->out
 *
 * What is in client->out may lie in the bytes that were given, so it is written, or kept by
 * outgoing_keep(), before they go.
 *
 * Each takes whole messages, or pieces of long ones, and leaves the rest: the caller keeps what was
 * not taken and offers it again, with more.  At most TRANSACTION_UNTAKEN_MAX bytes are left unless
 * the function says that it waits.
 *
 * A connection is lent from the first message of a transaction until ReadyForQuery reports that
 * none is open, every Sync is answered, and no COPY is on (PostgreSQL manual, "Message Flow").
 * Portals and COPY end with it.  In session mode the owner does not take it back then.
 */
#ifndef DSQL_PROXY_TRANSACTION_LINK_H
#define DSQL_PROXY_TRANSACTION_LINK_H

#include "proxy/answers.h"
#include "proxy/retry_hold.h"
#include "proxy/session_parameters.h"
#include "proxy/statement_reader.h"
#include "proxy/statements.h"
#include "wire/message.h"

enum { TRANSACTION_UNTAKEN_MAX = STATEMENT_TEXT_MAX + 4096 };

/** What all clients and connections of one cluster, role and database share. */
struct transaction_pool {
    struct statement_cache cache;
    struct parameter_defaults defaults;
    struct retry_limits retries;
    size_t statements_per_server; /* 0: the default */
    uint64_t unknown_settings;    /* so many have been told apart */
    /* Counted here. */
    uint64_t conflicts_data;
    uint64_t conflicts_schema;
    uint64_t retries_succeeded;
    uint64_t retries_gave_up;
    uint64_t retries_not_allowed;
};

/** secret: random.  max_statement_bytes: of the texts of all prepared statements. */
void transaction_pool_init(struct transaction_pool *pool, const struct retry_limits *retries,
                           size_t max_statement_bytes, uint64_t secret);
/** All clients and connections must have been cleared. */
void transaction_pool_clear(struct transaction_pool *pool);

struct transaction_server;

struct transaction_client {
    struct transaction_pool *pool;
    struct transaction_server *server; /* lent to it; NULL: none */
    struct client_statements statements;
    struct session_parameters parameters;
    struct retry_hold hold;

    char type;        /* of the message that is being passed on in pieces */
    size_t body_left; /* of it */
    bool is_dropping; /* it is not passed on */
    struct statement_reader reader;
    bool is_text_over;        /* it has seen the NUL */
    struct statement *opaque; /* its Parse is being passed on */
    bool is_batch_undoable;   /* all statements of the batch leave no trace if they fail */
    bool is_again;            /* its request is being sent again */
    bool is_pinned;           /* something is left on the connection that cannot be moved */
    bool leaves_state;        /* the same, by a function: matters if the connection is kept */
    struct outgoing out;      /* for the client; the owner empties it after each call */
};

struct transaction_server {
    struct transaction_pool *pool;
    struct transaction_client *client; /* it is lent to; NULL: it is idle */
    struct server_statements statements;
    struct server_parameters parameters;
    struct answers answers;
    struct statements link; /* while it is lent */

    size_t set_up_left; /* answers to what the proxy has sent to set it up */
    bool has_set_up_failed;
    bool must_close; /* it cannot be lent to another client */
    bool is_failed;  /* the present transaction had an error */

    char type;
    size_t body_left;
    char header[FRAME_HEADER_SIZE]; /* of a row: its beginning was passed on ... */
    size_t header_len;              /* ... if this is not 0 */
    enum answers_verdict verdict;
    uint64_t period; /* that the last ReadyForQuery ended */
    struct buf out;  /* for the server */
};

void transaction_client_init(struct transaction_client *client, struct transaction_pool *pool);
/** It must have no connection. */
void transaction_client_clear(struct transaction_client *client);
void transaction_server_init(struct transaction_server *server, struct transaction_pool *pool);
/** It must not be lent. */
void transaction_server_clear(struct transaction_server *server);

/**
 * Lends an idle connection.  server->out may then have messages that set it up (server->set_up_left
 * is not 0): until they are answered, nothing of the client is sent, and transaction_client_data()
 * waits.  A request that is to be sent again is sent when that is done.  is_unchecked: it must
 * answer before it is used.  False: no memory; take it back.
 */
bool transaction_lend(struct transaction_client *client, struct transaction_server *server,
                      bool is_unchecked) __attribute__((warn_unused_result));

/**
 * Takes the connection back: when it is free, or when either side has ended.  True: another client
 * may have it; false: it must be closed.
 */
bool transaction_take_back(struct transaction_server *server);

enum transaction_event {
    TRANSACTION_MORE,          /* all that could be taken was */
    TRANSACTION_NEEDS_SERVER,  /* lend a connection, and offer the rest then */
    TRANSACTION_WAITS,         /* offer the rest again when more has come from the server */
    TRANSACTION_TERMINATE,     /* the client has said goodbye */
    TRANSACTION_FREE,          /* take the connection back; the client may go on */
    TRANSACTION_AGAIN,         /* wait for transaction_delay_ms(); then lend another connection, or
                                  call transaction_send_again() if this one was not taken back */
    TRANSACTION_CLOSING,       /* the server has announced the end of the connection, and nothing
                                  was under way */
    TRANSACTION_SET_UP_FAILED, /* the connection could not be set up: the server's error is in
                                  client->out; end both */
    TRANSACTION_INVALID,       /* the sender broke the protocol */
    TRANSACTION_NO_MEMORY      /* or too much is unanswered; end both */
};

/** Bytes of the client.  *taken: how many were used. */
enum transaction_event transaction_client_data(struct transaction_client *client, struct text bytes,
                                               size_t *taken);

/** Bytes of the server while it is lent.  *taken: how many were used. */
enum transaction_event transaction_server_data(struct transaction_server *server, struct text bytes,
                                               size_t *taken);

/**
 * Bytes of the server while it is idle, such as a parameter that changed after the configuration
 * was reloaded.  TRANSACTION_INVALID: it announced its end, or sent nonsense; close it.
 */
enum transaction_event transaction_idle_data(struct transaction_server *server, struct text bytes,
                                             size_t *taken);

/** After TRANSACTION_AGAIN: sends the request that is held once more, on the same connection. */
enum transaction_event transaction_send_again(struct transaction_client *client);
/** After TRANSACTION_AGAIN. */
int64_t transaction_delay_ms(struct transaction_client *client);
/** After TRANSACTION_AGAIN, if there is no connection any more: the client gets the conflict. */
void transaction_give_up(struct transaction_client *client);

#endif
