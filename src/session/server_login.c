/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a login from PostgreSQL's side: authentication, parameters, key, ready.  What the client
 * will need is written to the greeting at once and not sent, since the caller may still reject
 * the client after the login has succeeded.  Then the client has learnt nothing from the server.
 */
#include "session/server_login.h"

#include "wire/backend.h"

#include <string.h>

/* Bytes; far more than PostgreSQL sends at a login.  No buffer grows without a limit. */
enum { GREETING_MAX = 65536, IN_MAX = 2 * GREETING_MAX };

void server_login_init(struct server_login *login, const char *server_version)
{
    *login = (struct server_login){.server_version = server_version};
    buf_init(&login->in, IN_MAX);
    buf_init(&login->greeting, GREETING_MAX);
}

void server_login_clear(struct server_login *login)
{
    buf_clear(&login->in);
    buf_clear(&login->greeting);
}

void server_login_add(struct server_login *login, struct text bytes)
{
    buf_add_text(&login->in, bytes);
}

/* The message is written anew, because AuthenticationOk has no more than its code. */
static enum server_login_event on_authentication(struct server_login *login, struct text body)
{
    uint32_t code = 0;
    if (!backend_parse_authentication(body, &code) || code != AUTHENTICATION_OK) {
        return SERVER_LOGIN_ASKS_PASSWORD;
    }
    login->is_authenticated = true;
    backend_write_authentication(&login->greeting, AUTHENTICATION_OK);
    return SERVER_LOGIN_NEEDS_MORE;
}

/*
 * A parameter may also change during a query of the caller.  It is still written: the client must
 * end with the present values.
 */
static enum server_login_event on_parameter(struct server_login *login, struct text body)
{
    struct text name;
    struct text value;
    if (!backend_parse_parameter(body, &name, &value)) {
        return SERVER_LOGIN_NEEDS_MORE;
    }
    if (login->server_version != NULL && text_equal_string(name, "server_version")) {
        value = text_of(login->server_version);
    }
    backend_write_parameter(&login->greeting, name, value);
    return SERVER_LOGIN_NEEDS_MORE;
}

/* The message is also kept for the client. */
static void note_cancel_key(struct server_login *login, struct text body)
{
    if (body.len == sizeof login->cancel_key) {
        memcpy(login->cancel_key, body.data, body.len);
        login->has_cancel_key = true;
    }
}

struct text server_login_cancel_key(const struct server_login *login)
{
    return text_of_bytes(login->cancel_key, login->has_cancel_key ? sizeof login->cancel_key : 0);
}

/* A server that is ready before it has authenticated anyone is not PostgreSQL. */
static enum server_login_event on_ready(const struct server_login *login)
{
    return login->is_authenticated ? SERVER_LOGIN_READY : SERVER_LOGIN_INVALID;
}

/* Keeps a message for the client, or returns what the caller must act on. */
static enum server_login_event on_message(struct server_login *login, const struct frame *message)
{
    switch (message->type) {
    case BACKEND_AUTHENTICATION:
        return on_authentication(login, message->body);
    case BACKEND_PARAMETER_STATUS:
        return on_parameter(login, message->body);
    case BACKEND_ERROR:
        return SERVER_LOGIN_ERROR;
    case BACKEND_READY:
        return on_ready(login);
    case BACKEND_DATA_ROW:
        return login->is_querying ? SERVER_LOGIN_DATA_ROW : SERVER_LOGIN_NEEDS_MORE;
    default: /* the cancel key, notices */
        if (message->type == BACKEND_KEY_DATA) {
            note_cancel_key(login, message->body);
        }
        if (!login->is_querying && !(login->is_key_hidden && message->type == BACKEND_KEY_DATA)) {
            frame_write(&login->greeting, message->type, message->body);
        }
        return SERVER_LOGIN_NEEDS_MORE;
    }
}

/*
 * GREETING_MAX limits one message here.  An error that is longer than that is treated as a broken
 * server, not truncated.
 */
enum server_login_event server_login_next(struct server_login *login, struct frame *message)
{
    enum server_login_event event = SERVER_LOGIN_NEEDS_MORE;
    while (event == SERVER_LOGIN_NEEDS_MORE) {
        enum frame_result result = frame_next(server_login_rest(login), GREETING_MAX, message);
        if (!buf_ok(&login->in) || !buf_ok(&login->greeting) || result == FRAME_MALFORMED) {
            return SERVER_LOGIN_INVALID;
        }
        if (result == FRAME_NEEDS_MORE) {
            return SERVER_LOGIN_NEEDS_MORE;
        }
        login->returned_size = message->size;
        event = on_message(login, message);
    }
    return buf_ok(&login->greeting) ? event : SERVER_LOGIN_INVALID;
}

/*
 * There is no way back: after a query of the caller, the greeting is complete but for
 * ReadyForQuery.
 */
void server_login_begin_query(struct server_login *login)
{
    login->is_querying = true;
}

/* The client must not get a ReadyForQuery before: it would send its first query. */
void server_login_end_greeting(struct server_login *login, const struct frame *ready)
{
    frame_write(&login->greeting, ready->type, ready->body);
}

/*
 * The message that was returned last is dropped now and not earlier, because it points into the
 * same buffer.
 */
struct text server_login_rest(struct server_login *login)
{
    buf_drop(&login->in, login->returned_size);
    login->returned_size = 0;
    return buf_text(&login->in);
}
