/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of several states need. */
#include "proxy/client.h"

#include "session/client_end.h"

/* The address of a struct is that of its first member. */
struct proxy_client *proxy_client_of(struct session_client *session)
{
    return (struct proxy_client *)session;
}

struct proxy_shared *proxy_client_shared(const struct session_client *session)
{
    return session->shared->program_arg;
}

const struct proxy_options *proxy_client_options(const struct session_client *session)
{
    return proxy_client_shared(session)->options;
}

const struct place *proxy_client_place(const struct session_client *session)
{
    return session->came_to;
}

void proxy_client_enter(struct proxy_client *client, struct cluster *cluster)
{
    client->cluster = cluster;
    cluster_enter(cluster);
}

bool proxy_client_is_unwanted(const struct proxy_client *client)
{
    return proxy_client_shared(&client->session)->is_draining || client->cluster->is_retired;
}

/* After the proof: a stranger cannot use up the places of others.  The text is PostgreSQL's. */
bool proxy_client_admit(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    struct proxy_shared *shared = proxy_client_shared(session);
    if (shared->client_count >= shared->options->max_clients) {
        client->cluster->counters.clients_refused++;
        session_fail_with(session, "53300", "sorry, too many clients already");
        return false;
    }
    shared->client_count++;
    client->is_admitted = true;
    client->is_counted = true;
    client->cluster->counters.clients++;
    client->cluster->counters.clients_total++;
    waiting_leave(&session->waiting);
    return true;
}

/* The server's own message, if there is one.  It is FATAL already. */
void proxy_client_fail_connect(struct session_client *session, const struct server_failure *failure)
{
    struct fatal_error error;
    if (failure->message.len > 0 && buf_ok(&failure->message)) {
        stream_write(session->stream, buf_text(&failure->message));
        session_end(session);
        return;
    }
    fatal_error_set(&error, "08006", "could not connect to the cluster: %s", failure->problem);
    session_fail(session, &error);
}

void proxy_client_fail_wait(struct session_client *session)
{
    struct fatal_error error;
    const char *problem = proxy_client_of(session)->cluster->problem;
    fatal_error_set(&error, "08006", "no connection to the cluster became free within %d ms%s%s",
                    proxy_client_options(session)->wait_ms, problem[0] == '\0' ? "" : ": ",
                    problem);
    session_fail(session, &error);
}
