/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server on 127.0.0.1 inside the test program, for answers that a correct server would not
 * send.  It serves one connection at a time: it reads one request, up to the empty line, and then
 * calls the function that the test has set.
 */
#ifndef TEST_SUPPORT_SERVER_H
#define TEST_SUPPORT_SERVER_H

#include "base/text.h"

#include <openssl/ssl.h>

#include <pthread.h>
#include <stdatomic.h>

struct server_connection {
    int socket;
    SSL *tls; /* NULL: no TLS */
};

typedef void server_answer(struct server_connection *connection);

struct server {
    int listener;
    int port;
    SSL_CTX *tls;
    _Atomic(server_answer *) answer; /* NULL: closes without an answer */
    atomic_int connections;          /* number accepted so far */
    char request[8192];              /* the last one; valid after it has been answered */
    pthread_t thread;
};

/** certificate and key are PEM files.  NULL: no TLS. */
void server_start(struct server *server, const char *certificate, const char *key);
void server_stop(struct server *server);

/** False: the client has closed the connection. */
bool server_write(struct server_connection *connection, const char *data, size_t len);
bool server_say(struct server_connection *connection, const char *string);

/** Waits until the client closes the connection, at most ms milliseconds. */
void server_wait(struct server_connection *connection, int ms);

#endif
