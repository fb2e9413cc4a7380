/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a token, starts libpq's connect, drives it to the deadline, reads the failure and
 * retries.  libpq is driven by PQconnectPoll() and not by PQconnectdbParams(), because the latter
 * has a timeout in whole seconds for each address and none for all of them.
 *
 * The caller gets a PGconn that it owns and finishes with PQfinish().  No lock is held here, and
 * nothing is shared between two connects.
 */
#include "connect/connection.h"

#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/platform.h"
#include "base/secret.h"
#include "connect/connect_failure.h"
#include "connect/connect_retry.h"
#include "connect/connection_events.h"
#include "connect/file_failure.h"
#include "connect/params.h"
#include "connect/wait.h"
#include "token/complete.h"
#include "token/token.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* By value: three pointers to constants. */
struct connect_world connect_world_system(void)
{
    return (struct connect_world){
        .clock = clock_system(), .random = random_system(), .resolver = resolver_system()};
}

/*
 * PQTRANS_ACTIVE means that a query runs.  PQfinish() waits until Terminate is sent, and a server
 * that does not read would block it without a limit.
 */
void connection_close(PGconn *conn)
{
    int saved = errno;
    if (PQtransactionStatus(conn) == PQTRANS_ACTIVE) {
        shutdown(PQsocket(conn), SHUT_RDWR);
    }
    PQfinish(conn);
    errno = saved;
}

/*
 * Neither sends nor receives.  In a chroot there may be no /dev/null; a socket without a peer
 * answers ENOTCONN then, or EINVAL.
 */
static int open_nowhere(void)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    return nowhere >= 0 ? nowhere : platform_socket(AF_UNIX, SOCK_STREAM, 0);
}

/*
 * Called from a fork handler, so only async-signal-safe functions may be used: close(), open(),
 * socket(), dup2().  Memory must not be allocated or freed, since another thread of the parent may
 * have held malloc's lock.
 */
void connection_disarm(const PGconn *conn)
{
    int socket = PQsocket(conn);
    if (socket < 0) {
        return;
    }
    close(socket); /* only the child's; this also makes room for the next line */
    int nowhere = open_nowhere();
    if (nowhere >= 0 && nowhere != socket) {
        platform_dup_to(nowhere, socket);
        close(nowhere);
    }
}

/* ---- Starting ---- */

/*
 * A token is made for every attempt, never reused: signing is local and cheap, and an old token
 * could expire during the connect.
 */
static dsql_params *params_with_token(const struct settings *settings,
                                      const struct connect_world *world, int64_t deadline_ms,
                                      dsql_error *err)
{
    char *token = NULL;
    int64_t expires_at = 0;
    if (token_for_settings(settings, world->clock, deadline_ms, &token, &expires_at, err) !=
        DSQL_OK) {
        return NULL;
    }
    if (world->tokens != NULL) {
        atomic_fetch_add(world->tokens, 1);
    }
    dsql_params *params = params_build(settings, token, PQlibVersion(), world->resolver, err);
    secret_free_string(token);
    return params;
}

/*
 * The events are attached before the connection is open, so that no result is missed.
 * dsql_params holds the token, and is freed at once; libpq has its own copy.
 */
static PGconn *start(const struct settings *settings, const struct connect_world *world,
                     int64_t deadline_ms, dsql_error *err)
{
    dsql_params *params = params_with_token(settings, world, deadline_ms, err);
    if (params == NULL) {
        return NULL;
    }
    PGconn *conn =
        PQconnectStartParams(dsql_params_keywords(params), dsql_params_values(params), 0);
    dsql_params_free(params);
    if (conn == NULL || !connection_events_attach(conn)) {
        connection_close(conn);
        fail_nomem(err);
        return NULL;
    }
    /* Puts the SQLSTATE and the HINT into the text of a failed connect: see connect_failure.h. */
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    return conn;
}

/* ---- One attempt ---- */

/* libpq gives no errno, and its reason may be wrong or missing when no descriptor is left. */
static int errno_of(const struct connect_failure *failure)
{
    if (failure->sqlstate[0] != '\0') {
        return 0; /* the server answered */
    }
    return text_is_empty(failure->file) ? file_failure_no_descriptor()
                                        : file_failure_reason(failure->file);
}

/* PQpass() is the token that was sent, which the error must not quote. */
static enum connect_failure_kind report_failure(const struct settings *settings,
                                                const struct clock *clock, const PGconn *conn,
                                                dsql_error *err)
{
    struct connect_failure failure = connect_failure_read(text_of(PQerrorMessage(conn)));
    const struct connect_failure_context context = {.host = settings->endpoint.host,
                                                    .user = settings->user,
                                                    .token = PQpass(conn),
                                                    .token_seconds = settings->token_seconds,
                                                    .now_s = clock_wall_s(clock),
                                                    .os_errno = errno_of(&failure)};
    connect_failure_to_error(&failure, &context, err);
    return failure.kind;
}

/*
 * False: the deadline has passed.  The socket may change between two calls, when libpq goes on to
 * the next address, so wait_for_socket() asks for it each time.
 */
static bool drive(PGconn *conn, const struct clock *clock, int64_t deadline_ms)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(conn) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
           state != PGRES_POLLING_FAILED) {
        short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for_socket(conn, events, clock, deadline_ms)) {
            return false;
        }
        state = PQconnectPoll(conn);
    }
    return true;
}

static void fail_timeout(const struct settings *settings, dsql_error *err)
{
    fail(err, DSQL_ERR_TIMEOUT,
         "could not connect to %s port %s: no answer in time; check that the network allows "
         "outbound traffic to it",
         settings->endpoint.host, settings->port);
    if (err != NULL) {
        err->is_transient = 1;
    }
}

/*
 * NULL: see *err for the error and *kind for whether to retry.  The verbosity is set back,
 * because it also changes PQerrorMessage() of the caller's own queries.  A timeout is never
 * retried, as the deadline has passed.
 */
static PGconn *attempt_once(const struct settings *settings, const struct connect_world *world,
                            int64_t deadline_ms, enum connect_failure_kind *kind, dsql_error *err)
{
    *kind = CONNECT_FAILURE_PERMANENT;
    PGconn *conn = start(settings, world, deadline_ms, err);
    if (conn == NULL) {
        return NULL;
    }
    bool is_in_time = drive(conn, world->clock, deadline_ms);
    if (is_in_time && PQstatus(conn) == CONNECTION_OK) {
        PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
        return conn;
    }
    if (is_in_time) {
        *kind = report_failure(settings, world->clock, conn, err);
    } else {
        fail_timeout(settings, err);
    }
    connection_close(conn);
    return NULL;
}

/* ---- All attempts ---- */

/* -1 means "no limit" and must not count as the earliest. */
static int64_t earlier(int64_t a, int64_t b)
{
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

/*
 * Waits before the next attempt.  False: there is none.  The credentials are marked as rejected, so
 * that the next token is signed with new ones and not with those from the cache.
 */
static bool prepare_next(const struct settings *settings, const struct connect_world *world,
                         struct connect_retry *retry, enum connect_failure_kind kind,
                         int64_t deadline_ms)
{
    if (world->caller_retries && kind == CONNECT_FAILURE_TRANSIENT) {
        return false;
    }
    int64_t left_ms = deadline_ms < 0 ? INT64_MAX : deadline_ms - clock_monotonic_ms(world->clock);
    int64_t wait_ms = connect_retry_next(retry, kind, left_ms, world->random);
    if (wait_ms == CONNECT_RETRY_GIVE_UP) {
        return false;
    }
    if (kind == CONNECT_FAILURE_EXPIRED) {
        settings_mark_credentials_rejected(settings);
    }
    clock_sleep_ms(world->clock, wait_ms);
    return true;
}

/* err is filled in only at the end: a retry that succeeds leaves the caller's error untouched. */
PGconn *connection_open(const struct settings *settings, const struct connect_world *world,
                        int64_t deadline_ms, dsql_error *err)
{
    int64_t own_deadline_ms = -1;
    if (settings->connect_timeout_ms >= 0) {
        own_deadline_ms = clock_monotonic_ms(world->clock) + settings->connect_timeout_ms;
    }
    deadline_ms = earlier(own_deadline_ms, deadline_ms);
    struct connect_retry retry = {0};
    dsql_error reason = {0};
    enum connect_failure_kind kind = CONNECT_FAILURE_PERMANENT;
    PGconn *conn = attempt_once(settings, world, deadline_ms, &kind, &reason);
    while (conn == NULL && prepare_next(settings, world, &retry, kind, deadline_ms)) {
        log_write(&settings->logger, DSQL_LOG_INFO, "retrying the connect: %s", reason.message);
        conn = attempt_once(settings, world, deadline_ms, &kind, &reason);
    }
    if (conn == NULL && err != NULL) {
        *err = reason;
    }
    return conn;
}

/* ---- Public functions ---- */

PGconn *dsql_connect(const dsql_options *options, dsql_error *err)
{
    HOLD_CANCELLATION();
    struct settings settings;
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    const struct connect_world world = connect_world_system();
    PGconn *conn = connection_open(&settings, &world, -1, err);
    settings_clear(&settings);
    return conn;
}

/*
 * One attempt, as the caller drives it: there is no loop in which a retry could happen.  The
 * verbosity must be reset here, before the connect is over, because the library does not see its
 * end; the text of such a failure therefore has no SQLSTATE.
 */
PGconn *dsql_connect_start(const dsql_options *options, dsql_error *err)
{
    HOLD_CANCELLATION();
    struct settings settings;
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    const struct connect_world world = connect_world_system();
    PGconn *conn = start(&settings, &world, -1, err);
    if (conn != NULL && PQstatus(conn) == CONNECTION_BAD) {
        report_failure(&settings, world.clock, conn, err);
        connection_close(conn);
        conn = NULL;
    } else if (conn != NULL) {
        PQsetErrorVerbosity(conn, PQERRORS_DEFAULT); /* as in any connection of libpq */
    }
    settings_clear(&settings);
    return conn;
}
