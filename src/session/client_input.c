/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit is the point of this file: a client that has not logged in may make the program
 * keep so much and no more.  The buffer is a secret one, because a password may be in it.
 */
#include "session/client_input.h"

#include "session/client_end.h"
#include "wire/startup.h"

/* A startup message, and what a stream may still deliver after it is paused; a password more. */
enum { INPUT_MAX = STARTUP_MAX_SIZE + 4 * STREAM_CHUNK_SIZE };

void session_input_init(struct session_client *client)
{
    buf_init_secret(&client->in, INPUT_MAX + client->shared->program->password_max);
}

void session_input_keep(struct session_client *client, struct text bytes)
{
    buf_add_text(&client->in, bytes);
    if (!buf_ok(&client->in)) {
        session_close(client);
    }
}

/*
 * The buffer is replaced by an empty one before the caller uses the old: what it does with the
 * bytes may bring new ones.
 */
struct buf session_input_take(struct session_client *client)
{
    struct buf taken = client->in;
    session_input_init(client);
    return taken;
}
