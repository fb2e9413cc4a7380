/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit is the point of this file: a client that has not logged in may make the gateway keep
 * so much and no more.  The buffer is a secret one, because the password in it is a token.
 */
#include "gateway/client_input.h"

#include "gateway/client_end.h"
#include "wire/startup.h"

/* A startup message, a password, and what a stream may still deliver after it is paused. */
enum { INPUT_MAX = STARTUP_MAX_SIZE + CLIENT_PASSWORD_MAX + 4 * STREAM_CHUNK_SIZE };

void client_input_init(struct client *client)
{
    buf_init_secret(&client->in, INPUT_MAX);
}

void client_input_keep(struct client *client, struct text bytes)
{
    buf_add_text(&client->in, bytes);
    if (!buf_ok(&client->in)) {
        client_close(client);
    }
}

/*
 * The buffer is replaced by an empty one before the caller uses the old: what it does with the
 * bytes may bring new ones.
 */
struct buf client_input_take(struct client *client)
{
    struct buf taken = client->in;
    client_input_init(client);
    return taken;
}
