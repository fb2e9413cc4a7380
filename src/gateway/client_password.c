/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one PasswordMessage, has the token in it checked and starts the login to PostgreSQL.  The
 * password is neither logged nor copied: it is parsed where it lies, in a buffer that is wiped.
 * It goes no further than this gateway, as PostgreSQL trusts its socket.
 */
#include "gateway/client_password.h"

#include "base/secret.h"
#include "gateway/access.h"
#include "session/client_end.h"
#include "session/client_input.h"
#include "wire/backend.h"

/* The body is one string with its NUL.  Anything after it is not a password message. */
static bool parse_password(const struct frame *frame, struct text *password)
{
    struct text rest = text_of("");
    return frame->type == FRONTEND_PASSWORD && text_cut(frame->body, '\0', password, &rest) &&
           text_is_empty(rest);
}

/* A token is checked at this moment only.  A session may outlive it, as in the service. */
static bool check_token(struct session_client *session, struct text password)
{
    struct gateway_client *client = gateway_client_of(session);
    const struct gateway_options *options = gateway_client_options(session);
    struct fatal_error error;
    if (!access_check_token(options, client->user, password, clock_wall_s(options->clock),
                            client->arn, &error)) {
        session_fail(session, &error);
        return false;
    }
    return true;
}

/*
 * Only now, so that strangers cannot use up the rate or the connections.  Remembered in the client,
 * so that it is released exactly once.
 */
static bool admit(struct session_client *session)
{
    struct fatal_error error;
    bool is_admitted = admission_take(&gateway_client_shared(session)->admission, &error);
    gateway_client_of(session)->is_admitted = is_admitted;
    if (!is_admitted) {
        session_fail(session, &error);
    }
    return is_admitted;
}

/*
 * The client is not read while PostgreSQL is being reached, so it cannot fill the memory; what it
 * has already sent is kept for the relay.  08P01 is also PostgreSQL's answer to another message
 * than a password here ("expected password response, got message type").
 */
static __attribute__((noinline)) void read_password(struct session_client *session)
{
    struct frame frame;
    struct text password = text_of("");
    enum frame_result result = frame_next(buf_text(&session->in), CLIENT_PASSWORD_MAX, &frame);
    if (result == FRAME_NEEDS_MORE) {
        return;
    }
    if (result == FRAME_MALFORMED || !parse_password(&frame, &password)) {
        session_fail_with(session, "08P01", "expected password response");
        return;
    }
    if (!check_token(session, password) || !admit(session)) {
        return;
    }
    waiting_leave(&session->waiting);
    buf_drop(&session->in, frame.size);
    stream_pause(session->stream);
    gateway_client_connect(session, GATEWAY_CONNECTING);
}

/* The frames of read_password() are in the stack that is wiped, as it is not inlined. */
static void take_password(struct session_client *session)
{
    read_password(session);
    secret_wipe_remains();
}

/* The state is changed before anything is written, because writing may end the client. */
void gateway_password_begin(struct session_client *session, struct buf *out)
{
    backend_write_authentication(out, AUTHENTICATION_CLEARTEXT);
    session_set_state(session, GATEWAY_PASSWORD);
    session_wait(session, WAITING_PASSWORD);
    if (buf_ok(out)) {
        stream_write(session->stream, buf_text(out));
    }
    if (!session_is_over(session)) { /* what was sent ahead does not outlive a failed write */
        take_password(session);
    }
}

void gateway_password_data(struct session_client *session, struct text bytes)
{
    session_input_keep(session, bytes);
    if (session->state == GATEWAY_PASSWORD) {
        take_password(session);
    }
}
