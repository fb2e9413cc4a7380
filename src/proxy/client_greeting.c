/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of a pool has had a startup message of the pool; what the client's own asks for is
 * set by SQL.
 */
#include "proxy/client_greeting.h"

#include "base/memory.h"
#include "proxy/client_relay.h"
#include "proxy/pools.h"
#include "session/client_end.h"
#include "session/startup_options.h"
#include "wire/backend.h"

enum { GREETING_MAX = 131072, IN_MAX = TRANSACTION_UNTAKEN_MAX + 2 * STREAM_QUEUE_HIGH };

struct proxy_transaction *proxy_transaction_of(struct session_client *session)
{
    return proxy_client_of(session)->transaction;
}

/* ---- What the startup message says ------------------------------------- */

/* False: no memory. */
static bool read_options(struct session_parameters *parameters, struct text value)
{
    struct startup_options options;
    struct text setting;
    bool is_fine = true;
    startup_options_init(&options, value);
    enum startup_option kind = startup_options_next(&options, &setting);
    while (is_fine && kind != STARTUP_OPTION_END) {
        struct text name;
        struct text setting_value;
        if (kind == STARTUP_OPTION_SETTING && text_cut(setting, '=', &name, &setting_value)) {
            is_fine = session_parameters_start(parameters, name, setting_value);
        }
        kind = startup_options_next(&options, &setting);
    }
    is_fine = is_fine && startup_options_ok(&options);
    startup_options_clear(&options);
    return is_fine;
}

static bool is_of_pool(struct text name)
{
    return text_equal_string(name, "user") || text_equal_string(name, "database") ||
           text_starts_with(name, "_pq_.");
}

/* What the cluster would get in session mode becomes the settings of the session. */
static bool read_startup(struct proxy_transaction *own, const struct startup *startup)
{
    bool is_fine = true;
    for (size_t i = 0; i < startup->parameter_count && is_fine; i++) {
        const struct startup_parameter *it = &startup->parameters[i];
        if (text_equal_string(it->name, "options")) {
            is_fine = read_options(&own->link.parameters, it->value);
        } else if (!is_of_pool(it->name)) {
            is_fine = session_parameters_start(&own->link.parameters, it->name, it->value);
        }
    }
    return is_fine;
}

bool proxy_greeting_prepare(struct proxy_client *client)
{
    struct startup startup;
    if (startup_parse(buf_text(&client->startup), &startup) != STARTUP_COMPLETE) {
        return false;
    }
    struct text user = startup_value(&startup, "user");
    struct text database = startup_value(&startup, "database");
    struct pool *pool =
        pools_find(client->cluster->pools, user, text_is_empty(database) ? user : database,
                   client->request.action);
    struct proxy_transaction *own = pool == NULL ? NULL : mem_new(sizeof *own);
    if (own == NULL) {
        return false;
    }
    client->transaction = own;
    own->pool = pool;
    buf_init(&own->in, IN_MAX);
    own->keeps_connection = proxy_client_options(&client->session)->pool_mode == PROXY_POOL_SESSION;
    transaction_client_init(&own->link, pool_transactions(pool));
    bool is_fine = read_startup(own, &startup);
    buf_clear(&client->startup);
    return is_fine;
}

/* ---- The greeting ------------------------------------------------------ */

/*
 * In session mode the login fails if there is no connection, or if a parameter cannot be set.  In
 * transaction mode only the encoding matters so early: the client quotes by what it was told.
 */
bool proxy_greeting_needs_server(const struct proxy_transaction *own)
{
    const struct text name = text_of("client_encoding");
    const struct parameter *wanted = parameter_list_find(&own->link.parameters.base, name);
    const struct parameter *fresh =
        parameter_list_find(&own->link.parameters.defaults->reported, name);
    return own->keeps_connection ||
           (wanted != NULL && fresh != NULL &&
            !text_equal_nocase(text_of(wanted->value), text_of(fresh->value)));
}

/* What was reported while the connection was set up comes after the defaults, and counts. */
static void write_greeting(struct session_client *session)
{
    struct proxy_transaction *own = proxy_client_of(session)->transaction;
    struct buf out AUTO_BUF;
    buf_init(&out, GREETING_MAX);
    buf_add_text(&out, pool_greeting(own->pool));
    buf_add_text(&out, outgoing_gather(&own->link.out));
    outgoing_clear(&own->link.out);
    frame_write(&out, BACKEND_KEY_DATA, text_of_bytes(session->cancel_key.bytes, CANCEL_KEY_SIZE));
    frame_write(&out, BACKEND_READY, text_of("I"));
    if (buf_ok(&out)) {
        stream_write(session->stream, buf_text(&out));
    }
}

bool proxy_greeting_send(struct session_client *session)
{
    session_set_state(session, PROXY_TRANSACTION);
    frame_scan_init(&session->relay.from_client, FRAME_CLIENT_MAX);
    frame_scan_init(&session->relay.from_server, FRAME_SERVER_MAX);
    if (!proxy_relay_make_key(session)) {
        session_fail_with(session, "58000", "the system has no random numbers");
        return false;
    }
    write_greeting(session);
    return true;
}
