/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Nothing here asks the cluster: a client that has proved nothing causes no connection. */
#include "proxy/client_startup.h"

#include "proxy/client_dump.h"
#include "proxy/client_scram.h"
#include "proxy/client_waiting.h"
#include "proxy/dropped_names.h"
#include "proxy/dump_statements.h"
#include "proxy/startup_parameters.h"
#include "session/client_end.h"
#include "session/negotiation.h"

#include <unistd.h>

enum { ANSWER_MAX = 65536, SHOWN_MAX = 63 };

/* ---- Parameters -------------------------------------------------------- */

static void on_dropped(void *arg, struct text name)
{
    struct session_client *session = arg;
    if (dropped_names_add(proxy_client_shared(session)->dropped, name)) {
        log_write(session->shared->logger, DSQL_LOG_WARN,
                  "the startup parameter \"%.*s\" is not passed on, as Aurora DSQL does not accept "
                  "it (--strict passes it on)",
                  (int)(name.len < SHOWN_MAX ? name.len : SHOWN_MAX), name.data);
    }
}

static bool read_startup(struct session_client *session, const struct startup *startup,
                         struct fatal_error *error)
{
    struct proxy_client *client = proxy_client_of(session);
    const struct proxy_options *options = proxy_client_options(session);
    const struct startup_rules rules = {
        .user = client->cluster->own->user,
        .dbname = client->cluster->own->dbname,
        .application_name = options->application_name,
        .is_strict = options->is_strict,
        .on_dropped = on_dropped,
        .arg = session,
    };
    struct text role = startup_parameters_role(startup, &rules);
    client->request.action =
        text_equal_string(role, SETTINGS_ADMIN_USER) ? TOKEN_CONNECT_ADMIN : TOKEN_CONNECT;
    bool is_dump =
        options->is_for_dump || dump_is_program(startup_value(startup, "application_name"));
    if (is_dump && !proxy_dump_begin(client)) {
        fatal_error_set(error, "53200", "the proxy is out of memory for this session");
        return false;
    }
    return startup_parameters_write(startup, &rules, &client->startup, error);
}

/* ---- Who it is --------------------------------------------------------- */

/* root may connect to any socket; the others are those of the options. */
static bool may_use_socket(const struct session_client *session)
{
    const struct proxy_options *options = proxy_client_options(session);
    uid_t user = 0;
    if (!stream_peer_user(session->stream, &user)) {
        return false;
    }
    bool is_listed = user == geteuid() || user == 0;
    for (size_t i = 0; i < options->socket_user_count; i++) {
        is_listed = is_listed || options->socket_users[i] == user;
    }
    return is_listed;
}

/* out goes first: NegotiateProtocolVersion, if the client has asked for more than there is. */
static void begin_proof(struct session_client *session, struct text user, struct buf *out)
{
    enum place_kind kind = proxy_client_place(session)->kind;
    if (kind == PLACE_SOCKET && !may_use_socket(session)) {
        proxy_client_of(session)->cluster->counters.clients_refused++;
        session_fail_with(session, "28000", "this user may not use the socket of the proxy");
        return;
    }
    if (kind == PLACE_SOCKET || proxy_client_options(session)->authentication == PROXY_AUTH_TRUST) {
        if (proxy_client_admit(session)) {
            proxy_waiting_begin(session, out);
        }
        return;
    }
    proxy_scram_begin(session, user, out);
}

/* A copy of the user: it lies in the bytes that are dropped. */
static void begin_session(struct session_client *session, const struct startup *startup)
{
    char user[STARTUP_MAX_SIZE];
    struct buf out AUTO_BUF;
    buf_init(&out, ANSWER_MAX);
    negotiation_write_version(startup, &out);
    text_copy(startup_value(startup, "user"), user, sizeof user);
    buf_drop(&session->in, startup->size);
    begin_proof(session, text_of(user), &out);
}

/* On the network, neither the proof nor the data of a session may be seen. */
void proxy_startup_begin(struct session_client *session, const struct startup *startup)
{
    struct fatal_error error;
    const struct place *place = proxy_client_place(session);
    if (proxy_client_shared(session)->is_draining) {
        session_fail_with(session, "57P03", "the proxy is shutting down");
        return;
    }
    if (place->cluster == NULL) {
        session_fail_with(session, "57P03", "the proxy does not offer this cluster any more");
        return;
    }
    proxy_client_enter(proxy_client_of(session), place->cluster);
    if (place->kind == PLACE_NETWORK && session->state == SESSION_UNENCRYPTED) {
        session_fail_with(session, "28000", "connections to this address must use TLS");
    } else if (!read_startup(session, startup, &error)) {
        place->cluster->counters.clients_refused++;
        session_fail(session, &error);
    } else {
        begin_session(session, startup);
    }
}
