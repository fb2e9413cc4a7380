/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy, the gateway of a local cluster behind it and a PostgreSQL to throw away behind that;
 * libpq before them.  Proxy and gateway run in one thread.
 */
#ifndef DSQL_TESTS_PROXY_WORLD_H
#define DSQL_TESTS_PROXY_WORLD_H

#include "gateway/gateway.h"
#include "proxy/proxy.h"
#include "session/scram_verifier.h"

#include <libpq-fe.h>

#include <pthread.h>
#include <stdatomic.h>

#define PASSWORD "correct horse"

struct proxy_world {
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t stop;
    uv_async_t drain;
    struct gateway *gateway;
    struct proxy *proxy;
    struct scram_verifier verifier;
    struct scram_verifier mock;
    char directory[64];
    char certificate[128];
    char key[128];
    char ca[128];
    char socket[256];
    int port;
    atomic_int warnings;
    char notice[1024]; /* what came while nothing was asked: libpq makes a notice of it */
};

extern struct proxy_world proxy_world;

/** For a group of tests: roles admin and app, and the environment. */
int proxy_world_make_roles(void **state);
/** For a test.  The first takes a copy of the options. */
int proxy_world_start_with(struct proxy_options options, struct proxy_cluster_options cluster);
int proxy_world_start(void **state);
int proxy_world_start_short_lived(void **state);
int proxy_world_start_distrustful(void **state);
int proxy_world_stop(void **state);
/** The proxy has been asked to stop. */
int proxy_world_join(void **state);

PGconn *proxy_world_try_socket(const char *user, const char *extra);
PGconn *proxy_world_try_tcp(const char *user, const char *password);
PGconn *proxy_world_expect_login(PGconn *conn);
void proxy_world_expect_failure(PGconn *conn, const char *part);
/** As admin, through the socket. */
PGconn *proxy_world_login(void);
/** Whether the session ended with this error, which came while nothing or something was asked. */
void proxy_world_expect_last_words(PGconn *conn, const char *part);
/** The first value of the answer.  Static: valid until the next call. */
const char *proxy_world_ask(PGconn *conn, const char *sql);
/** sqlstate NULL: it succeeds. */
void proxy_world_expect_state(PGconn *conn, const char *sql, const char *sqlstate);

#endif
