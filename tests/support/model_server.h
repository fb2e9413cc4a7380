/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL server of one session, reduced to its protocol: bytes in, bytes out.  It knows
 * prepared statements, portals, transactions, COPY FROM STDIN, two parameters (timezone, which is
 * reported, and work_mem, which is not), and these statements:
 *
 *   select X | fail | syntax | update N | begin | commit | rollback | copy in | show P
 *   set P to V | reset P | deallocate all | deallocate NAME | discard all
 *   execute NAME | prepare NAME as X
 *   SELECT pg_catalog.set_config('P', 'V', false) | SET "P" TO V | RESET "P"
 *
 * update N adds N to a sum that all sessions of a world share, when its transaction is committed.
 * One simplification: a Parse is not refused in a failed transaction; Bind is.
 */
#ifndef DSQL_TESTS_MODEL_SERVER_H
#define DSQL_TESTS_MODEL_SERVER_H

#include "base/buf.h"

#include <stdbool.h>

struct model_world {
    long sum;             /* committed */
    int conflicts_due;    /* so many of the next single statements fail with OC000 ... */
    int conflicts_raised; /* ... and so many have */
};

enum { MODEL_NAMES = 64, MODEL_TEXT = 96 };

struct model_named {
    bool is_used;
    char name[MODEL_TEXT];
    char text[MODEL_TEXT];
};

struct model_parameters {
    char timezone[32];
    char work_mem[32];
};

struct model_server {
    struct model_world *world;
    struct buf in;
    struct buf out;
    struct model_named statements[MODEL_NAMES];
    struct model_named portals[MODEL_NAMES];
    char status;
    bool is_skipping;
    bool is_in_copy;
    bool is_copy_simple;
    bool is_open; /* an implicit or explicit transaction */
    long pending;
    struct model_parameters now;
    struct model_parameters before; /* the transaction */
    char reported[32];
    int parses; /* of named statements */
    int max_statements;
};

void model_server_init(struct model_server *server, struct model_world *world);
void model_server_clear(struct model_server *server);
/** Takes bytes of a client; answers are appended to server->out. */
void model_server_take(struct model_server *server, struct text bytes);

/* Writing messages of a client. */
void model_query(struct buf *out, const char *sql);
void model_parse(struct buf *out, const char *name, const char *sql);
void model_bind(struct buf *out, const char *portal, const char *name);
void model_describe(struct buf *out, char which, const char *name);
void model_close(struct buf *out, char which, const char *name);
void model_execute(struct buf *out, const char *portal);
void model_message(struct buf *out, char type); /* without a body */

#endif
