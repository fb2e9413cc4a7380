/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See connection.h. */
#include "connect/connection.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/secret.h"
#include "connect/params.h"
#include "connect/refusal.h"
#include "connect/watch.h"
#include "token/complete.h"
#include "token/token.h"

#include <errno.h>
#include <poll.h>

void connection_close(PGconn *conn)
{
    int saved = errno;
    PQfinish(conn);
    errno = saved;
}

static dsql_params *params_with_token(const struct settings *settings, const struct clock *clock,
                                      dsql_error *err)
{
    char *token = NULL;
    int64_t expires_at = 0;
    if (token_for_settings(settings, clock, &token, &expires_at, err) != DSQL_OK) {
        return NULL;
    }
    dsql_params *params = params_build(settings, token, PQlibVersion(), err);
    secret_free_string(token);
    return params;
}

static PGconn *start(const struct settings *settings, const struct clock *clock, dsql_error *err)
{
    dsql_params *params = params_with_token(settings, clock, err);
    if (params == NULL) {
        return NULL;
    }
    PGconn *conn =
        PQconnectStartParams(dsql_params_keywords(params), dsql_params_values(params), 0);
    dsql_params_free(params);
    if (conn == NULL || !watch_attach(conn)) {
        PQfinish(conn);
        fail_nomem(err);
        return NULL;
    }
    /* Verbose puts the SQLSTATE into the text of a refused connect: see refusal.h. */
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    return conn;
}

static dsql_status refuse(const struct settings *settings, const struct clock *clock,
                          const PGconn *conn, dsql_error *err)
{
    struct refusal refusal = refusal_read(text_of(PQerrorMessage(conn)));
    const struct refusal_context context = {.host = settings->endpoint.host,
                                            .user = settings->user,
                                            .token_seconds = settings->token_seconds,
                                            .now_s = clock_wall_s(clock)};
    return refusal_fail(&refusal, &context, err);
}

static int64_t earlier(int64_t a, int64_t b)
{
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

/* False: the deadline (-1: none) has passed. */
static bool wait_for_socket(const PGconn *conn, short events, const struct clock *clock,
                            int64_t deadline_ms)
{
    enum { LONGEST_WAIT_MS = 60000 };
    for (;;) {
        int64_t left = LONGEST_WAIT_MS;
        if (deadline_ms >= 0) {
            left = deadline_ms - clock_monotonic_ms(clock);
            if (left <= 0) {
                return false;
            }
        }
        struct pollfd fd = {.fd = PQsocket(conn), .events = events};
        int ready = poll(&fd, 1, (int)(left < LONGEST_WAIT_MS ? left : LONGEST_WAIT_MS));
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true; /* PQconnectPoll() finds out what is wrong */
        }
    }
}

static dsql_status finish(PGconn *conn, const struct settings *settings, const struct clock *clock,
                          int64_t deadline_ms, dsql_error *err)
{
    const char *host = settings->endpoint.host;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(conn) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
        short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for_socket(conn, events, clock, deadline_ms)) {
            return fail(err, DSQL_ERR_TIMEOUT,
                        "could not connect to %s port %s: no answer in time; is the network "
                        "path to the cluster open?",
                        host, settings->port);
        }
        state = PQconnectPoll(conn);
        if (state == PGRES_POLLING_FAILED) {
            break;
        }
    }
    if (PQstatus(conn) != CONNECTION_OK) {
        return refuse(settings, clock, conn, err);
    }
    PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
    return DSQL_OK;
}

PGconn *connection_open(const struct settings *settings, const struct clock *clock,
                        int64_t deadline_ms, dsql_error *err)
{
    int64_t own_deadline = -1;
    if (settings->connect_timeout_ms >= 0) {
        own_deadline = clock_monotonic_ms(clock) + settings->connect_timeout_ms;
    }
    PGconn *conn = start(settings, clock, err);
    if (conn == NULL) {
        return NULL;
    }
    int64_t deadline = earlier(own_deadline, deadline_ms);
    if (finish(conn, settings, clock, deadline, err) != DSQL_OK) {
        connection_close(conn);
        return NULL;
    }
    return conn;
}

PGconn *dsql_connect(const dsql_options *options, dsql_error *err)
{
    struct settings settings;
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    PGconn *conn = connection_open(&settings, clock_system(), -1, err);
    settings_clear(&settings);
    return conn;
}

PGconn *dsql_connect_start(const dsql_options *options, dsql_error *err)
{
    struct settings settings;
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    PGconn *conn = start(&settings, clock_system(), err);
    if (conn != NULL && PQstatus(conn) == CONNECTION_BAD) {
        refuse(&settings, clock_system(), conn, err);
        connection_close(conn);
        conn = NULL;
    } else if (conn != NULL) {
        PQsetErrorVerbosity(conn, PQERRORS_DEFAULT); /* it is the caller's now */
    }
    settings_clear(&settings);
    return conn;
}
