/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on 127.0.0.1 inside the test, one connection after the other, that answers as
 * badly as the test wants: it reads one request (up to the empty line) and then calls
 * what it was given.
 */
#ifndef TEST_SUPPORT_SERVER_H
#define TEST_SUPPORT_SERVER_H

#include "base/text.h"

#include <openssl/ssl.h>

#include <pthread.h>
#include <stdatomic.h>

struct server_connection {
    int socket;
    SSL *tls; /* NULL: plain */
};

typedef void server_answer(struct server_connection *connection);

struct server {
    int listener;
    int port;
    SSL_CTX *tls;
    _Atomic(server_answer *) answer; /* NULL: close without a word */
    atomic_int connections;          /* accepted so far */
    char request[8192];              /* the last one, to be read when it has been answered */
    pthread_t thread;
};

/** certificate and key (PEM files) NULL: plain. */
void server_start(struct server *server, const char *certificate, const char *key);
void server_stop(struct server *server);

/** False: the client has gone. */
bool server_write(struct server_connection *connection, const char *data, size_t len);
bool server_say(struct server_connection *connection, const char *string);

/** Until the client has gone, or for ms. */
void server_wait(struct server_connection *connection, int ms);

#endif
