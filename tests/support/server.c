/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    abort();
}

static int listen_anywhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        die("server");
    }
    *port = ntohs(address.sin_port);
    return listener;
}

static ssize_t read_some(struct server_connection *connection, char *place, size_t size)
{
    return connection->tls != NULL ? SSL_read(connection->tls, place, (int)size)
                                   : recv(connection->socket, place, size, 0);
}

bool server_write(struct server_connection *connection, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = connection->tls != NULL ? SSL_write(connection->tls, data, (int)len)
                                              : send(connection->socket, data, len, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        data += put;
        len -= (size_t)put;
    }
    return true;
}

bool server_say(struct server_connection *connection, const char *string)
{
    return server_write(connection, string, strlen(string));
}

void server_wait(struct server_connection *connection, int ms)
{
    struct pollfd gone = {.fd = connection->socket, .events = POLLRDHUP};
    (void)poll(&gone, 1, ms);
}

/* Fills server->request, including the part of the body that has arrived. */
static void read_request(struct server *server, struct server_connection *connection)
{
    size_t len = 0;
    server->request[0] = '\0';
    while (strstr(server->request, "\r\n\r\n") == NULL && len < sizeof server->request - 1) {
        ssize_t got =
            read_some(connection, server->request + len, sizeof server->request - 1 - len);
        if (got <= 0) {
            return;
        }
        len += (size_t)got;
        server->request[len] = '\0';
    }
}

static void serve(struct server *server, struct server_connection *connection)
{
    if (server->tls != NULL) {
        connection->tls = SSL_new(server->tls);
        SSL_set_fd(connection->tls, connection->socket);
        if (SSL_accept(connection->tls) != 1) {
            return;
        }
    }
    server_answer *answer = atomic_load(&server->answer);
    read_request(server, connection);
    if (answer != NULL) {
        answer(connection);
    }
    if (connection->tls != NULL) {
        SSL_shutdown(connection->tls);
    }
}

/* SSL_write() to a closed connection raises SIGPIPE in this thread. */
static void block_sigpipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *accept_all(void *arg)
{
    struct server *server = arg;
    block_sigpipe();
    for (;;) {
        struct server_connection connection = {.socket = accept(server->listener, NULL, NULL)};
        if (connection.socket < 0) {
            return NULL;
        }
        atomic_fetch_add(&server->connections, 1);
        serve(server, &connection);
        SSL_free(connection.tls);
        close(connection.socket);
    }
}

static SSL_CTX *load_tls(const char *certificate, const char *key)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL || SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
        die("server: TLS");
    }
    return tls;
}

void server_start(struct server *server, const char *certificate, const char *key)
{
    memset(server, 0, sizeof *server);
    atomic_init(&server->answer, NULL);
    server->tls = certificate == NULL ? NULL : load_tls(certificate, key);
    server->listener = listen_anywhere(&server->port);
    if (pthread_create(&server->thread, NULL, accept_all, server) != 0) {
        die("server: thread");
    }
}

void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    SSL_CTX_free(server->tls);
}
