/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads PostgreSQL's side of a login with session/server_login.h and decides what happens to the
 * client.  The rule of this file: until the role is known to be allowed, nothing that PostgreSQL
 * sent reaches the client, except an error that has nothing to do with the role.  The question is
 * asked on the connection that the session will use, as that role, so the gateway needs no rights
 * of its own.
 */
#include "gateway/client_login.h"

#include "gateway/access.h"
#include "gateway/admission.h"
#include "gateway/client_relay.h"
#include "session/client_end.h"
#include "wire/backend.h"

#define SERVER_VERSION "16.15" /* what Aurora DSQL reports */

/* In bytes.  The query holds one ARN, and MESSAGE_MAX also limits an error that is passed on. */
enum { QUERY_MAX = 32768, MESSAGE_MAX = 65536 };

void gateway_login_init(struct session_client *session)
{
    struct gateway_client *client = gateway_client_of(session);
    server_login_init(&client->login, SERVER_VERSION);
}

void gateway_login_server_open(struct session_client *session)
{
    gateway_client_send_first(session);
    session_set_state(session, GATEWAY_LOGIN);
}

/* ---- Whether the role is mapped to the identity ------------------------ */

/*
 * Decided by the role's name alone: that this identity may be admin was proved by its token
 * (dsql:DbConnectAdmin), and there is no mapping for admin.
 */
static bool is_admin(struct session_client *session)
{
    struct gateway_client *client = gateway_client_of(session);
    return text_equal_string(text_of(client->user), SETTINGS_ADMIN_USER);
}

/* If the query cannot be made, the answer counts as no. */
static void ask_mapping(struct session_client *session)
{
    struct gateway_client *client = gateway_client_of(session);
    struct buf query AUTO_BUF;
    struct buf message AUTO_BUF;
    buf_init(&query, QUERY_MAX);
    buf_init(&message, MESSAGE_MAX);
    bool is_made = access_mapping_query(text_of(client->arn), &query);
    buf_add_char(&query, '\0');
    frame_write(&message, FRONTEND_QUERY, buf_text(&query));
    if (!is_made || !buf_ok(&query) || !buf_ok(&message)) {
        gateway_client_fail_unauthorized(session);
        return;
    }
    session_set_state(session, GATEWAY_MAPPING);
    server_login_begin_query(&client->login);
    stream_write(session->server, buf_text(&message));
}

/*
 * "t" is a boolean in text format, which the simple query protocol always uses.  Anything but
 * exactly one column with "t" means no, also NULL.
 */
static void read_mapping(struct session_client *session, struct text row)
{
    struct gateway_client *client = gateway_client_of(session);
    struct text value;
    client->is_mapped = backend_parse_single_column(row, &value) && text_equal_string(value, "t");
}

/* ---- What PostgreSQL answers ------------------------------------------- */

/*
 * ReadyForQuery ends the login, and then the query about the mapping.  The client gets one
 * ReadyForQuery: that of the query or, for admin, that of the login.
 */
static void on_ready(struct session_client *session, const struct frame *ready)
{
    struct gateway_client *client = gateway_client_of(session);
    bool is_asked = session->state == GATEWAY_MAPPING;
    if (!is_asked && !is_admin(session)) {
        ask_mapping(session);
    } else if (is_asked && !client->is_mapped) {
        gateway_client_fail_unauthorized(session);
    } else {
        server_login_end_greeting(&client->login, ready);
        gateway_relay_begin(session);
    }
}

static void pass_error_on(struct session_client *session, const struct frame *message)
{
    struct buf out AUTO_BUF;
    buf_init(&out, MESSAGE_MAX);
    frame_write(&out, BACKEND_ERROR, message->body);
    if (buf_ok(&out)) {
        stream_write(session->stream, buf_text(&out));
    }
    session_end(session);
}

/*
 * A missing role gets the answer of a missing mapping, so that role names cannot be guessed.
 * Class 28: invalid authorization.  53300: PostgreSQL's max_connections may be below the gateway's,
 * and the service has its own words for that.  Other errors, such as "the database system is
 * starting up" (57P03), are PostgreSQL's own words to any client and are passed on.
 */
static void on_error(struct session_client *session, const struct frame *message)
{
    struct error_fields fields;
    bool is_read = backend_parse_error(message->body, &fields);
    log_write(&gateway_client_options(session)->logger, DSQL_LOG_WARN,
              "PostgreSQL did not accept a login: %.*s", is_read ? (int)fields.message.len : 0,
              fields.message.data);
    if (!is_read || session->state == GATEWAY_MAPPING || text_starts_with(fields.sqlstate, "28")) {
        gateway_client_fail_unauthorized(session);
    } else if (text_equal_string(fields.sqlstate, ADMISSION_TOO_MANY)) {
        session_fail_with(session, ADMISSION_TOO_MANY, ADMISSION_TOO_MANY_TEXT);
    } else {
        pass_error_on(session, message);
    }
}

/* Only a changed pg_hba.conf can cause this.  There is no password that the gateway could send. */
static void on_password_request(struct session_client *session)
{
    log_write(&gateway_client_options(session)->logger, DSQL_LOG_ERROR,
              "PostgreSQL asks the gateway for a password; its pg_hba.conf must trust "
              "connections through the Unix socket");
    gateway_client_fail_unavailable(session);
}

static void on_event(struct session_client *session, enum server_login_event event,
                     const struct frame *message)
{
    switch (event) {
    case SERVER_LOGIN_NEEDS_MORE:
        break;
    case SERVER_LOGIN_READY:
        on_ready(session, message);
        break;
    case SERVER_LOGIN_ERROR:
        on_error(session, message);
        break;
    case SERVER_LOGIN_DATA_ROW:
        read_mapping(session, message->body);
        break;
    case SERVER_LOGIN_ASKS_PASSWORD:
        on_password_request(session);
        break;
    case SERVER_LOGIN_INVALID:
        gateway_client_fail_unavailable(session);
        break;
    }
}

static bool is_logging_in(const struct session_client *session)
{
    return session->state == GATEWAY_LOGIN || session->state == GATEWAY_MAPPING;
}

/*
 * An event can end the login, so the state is checked after each.  What PostgreSQL sent after the
 * login already belongs to the session and goes through the relay, which must see every byte to
 * know where messages end.
 */
void gateway_login_server_data(struct session_client *session, struct text bytes)
{
    struct gateway_client *client = gateway_client_of(session);
    struct frame message;
    enum server_login_event event = SERVER_LOGIN_READY;
    server_login_add(&client->login, bytes);
    while (is_logging_in(session) && event != SERVER_LOGIN_NEEDS_MORE) {
        event = server_login_next(&client->login, &message);
        on_event(session, event, &message);
    }
    if (session->state == SESSION_RELAY) {
        gateway_relay_server_data(session, server_login_rest(&client->login));
        server_login_clear(&client->login);
    }
}
