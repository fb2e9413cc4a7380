/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
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

struct buf client_input_take(struct client *client)
{
    struct buf taken = client->in;
    client_input_init(client);
    return taken;
}
