/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one PasswordMessage, has the token in it checked and starts the login to PostgreSQL.  The
 * password is neither logged nor copied: it is parsed where it lies, in a buffer that is wiped.
 * It goes no further than this gateway, as PostgreSQL trusts its socket.
 */
#include "gateway/client_password.h"

#include "base/secret.h"
#include "gateway/access.h"
#include "gateway/client_end.h"
#include "gateway/client_input.h"
#include "gateway/client_server.h"
#include "wire/backend.h"

/* The body is one string with its NUL.  Anything after it is not a password message. */
static bool parse_password(const struct frame *frame, struct text *password)
{
    struct text rest = text_of("");
    return frame->type == FRONTEND_PASSWORD && text_cut(frame->body, '\0', password, &rest) &&
           text_is_empty(rest);
}

/* A token is checked at this moment only.  A session may outlive it, as in the service. */
static bool check_token(struct client *client, struct text password)
{
    const struct gateway_options *options = client_options(client);
    struct fatal_error error;
    if (!access_check_token(options, client->user, password, clock_wall_s(options->clock),
                            client->arn, &error)) {
        client_fail(client, &error);
        return false;
    }
    return true;
}

/*
 * The client is not read while PostgreSQL is being reached, so it cannot fill the memory; what it
 * has already sent is kept for the relay.  08P01 is also PostgreSQL's answer to another message
 * than a password here ("expected password response, got message type").
 */
static __attribute__((noinline)) void read_password(struct client *client)
{
    struct frame frame;
    struct text password = text_of("");
    enum frame_result result = frame_next(buf_text(&client->in), CLIENT_PASSWORD_MAX, &frame);
    if (result == FRAME_NEEDS_MORE) {
        return;
    }
    if (result == FRAME_MALFORMED || !parse_password(&frame, &password)) {
        client_fail_with(client, "08P01", "expected password response");
        return;
    }
    if (!check_token(client, password)) {
        return;
    }
    waiting_leave(&client->waiting);
    buf_drop(&client->in, frame.size);
    stream_pause(client->stream);
    client_server_connect(client, CLIENT_CONNECTING);
}

/* The frames of read_password() are in the stack that is wiped, as it is not inlined. */
static void take_password(struct client *client)
{
    read_password(client);
    secret_wipe_remains();
}

/* The state is changed before anything is written, because writing may end the client. */
void client_password_begin(struct client *client, struct buf *out)
{
    backend_write_authentication(out, AUTHENTICATION_CLEARTEXT);
    client_set_state(client, CLIENT_PASSWORD);
    client_wait(client, WAITING_PASSWORD);
    if (buf_ok(out)) {
        stream_write(client->stream, buf_text(out));
    }
    if (!client_is_over(client)) { /* what was sent ahead does not outlive a failed write */
        take_password(client);
    }
}

void client_password_data(struct client *client, struct text bytes)
{
    client_input_keep(client, bytes);
    if (client->state == CLIENT_PASSWORD) {
        take_password(client);
    }
}
