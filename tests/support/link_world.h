/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One client and two server connections of transaction_link.h, step by step and without sockets.  A
 * model of a server (model_server.h) answers on each connection.
 */
#ifndef DSQL_TESTS_LINK_WORLD_H
#define DSQL_TESTS_LINK_WORLD_H

#include "model_server.h"
#include "proxy/transaction_link.h"

enum { LINK_WORLD_MAX = 1 << 24 }; /* bytes of a buffer */

struct link_world {
    struct transaction_pool pool;
    struct transaction_client client;
    struct transaction_server servers[2];
    struct model_server models[2];
    struct model_world cluster;   /* behind both */
    struct buf sent;              /* by the client, and not taken yet */
    struct buf line;              /* the types of the messages for the client */
    enum transaction_event event; /* the last one of the server */
};

/** Three retries, and room for a megabyte of statements. */
void link_world_begin(struct link_world *world);
void link_world_begin_with(struct link_world *world, int retries, size_t max_bytes);
/** No statement may be left. */
void link_world_end(struct link_world *world);

/** The client gives what it has sent. */
enum transaction_event link_world_offer(struct link_world *world);
/** The client gets the connection, which sets its parameters if they differ. */
void link_world_lend(struct link_world *world, size_t server);
/** The server answers what it has got. */
void link_world_pump(struct link_world *world);
/** What the client would get is added to line. */
void link_world_note_out(struct link_world *world);

/** What was sent goes through this connection until it is free. */
void link_world_pass(struct link_world *world, size_t server);
/** The same, and these are the types of the messages that the client gets. */
void link_world_expect(struct link_world *world, size_t server, const char *types);

/** A Parse, Bind and Execute without names, and a Sync. */
void link_world_send_batch(struct link_world *world, const char *sql);

#endif
