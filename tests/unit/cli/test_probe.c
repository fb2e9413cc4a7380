/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Servers that say nothing, or something for ever: the probe has an end. */
#include "cli/probe.h"
#include "server.h"
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SHORT_MS = 200, DROP_MS = 20, LONG_MS = 60000 };

struct wrong_server {
    int listener;
    char port[8];
    const char *first; /* what it says at once */
    bool has_drops;    /* and then, byte for byte, a record of TLS that is long */
    pthread_t thread;
};

static void serve_drops(struct server_connection *client)
{
    static const unsigned char record[] = {0x16, 0x03, 0x03, 0x3f, 0x00};
    ssize_t sent = 1;
    for (size_t i = 0; sent > 0; i++) {
        unsigned char drop = i < sizeof record ? record[i] : 0;
        server_wait(client, DROP_MS);
        sent = send(client->socket, &drop, 1, MSG_NOSIGNAL);
    }
}

static void *serve(void *arg)
{
    const struct wrong_server *server = arg;
    struct server_connection client = {.socket = accept(server->listener, NULL, NULL)};
    (void)!send(client.socket, server->first, strlen(server->first), MSG_NOSIGNAL);
    if (server->has_drops) {
        serve_drops(&client);
    }
    server_wait(&client, LONG_MS);
    close(client.socket);
    return NULL;
}

static void start(struct wrong_server *server)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&here, size), 0);
    assert_int_equal(listen(server->listener, 1), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&here, &size), 0);
    snprintf(server->port, sizeof server->port, "%u", ntohs(here.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

/* The probe gives up, and says why. */
static void expect_end(struct wrong_server *server, const char *words)
{
    char detail[PROBE_DETAIL_SIZE] = "";
    struct probe_addresses addresses;
    start(server);
    assert_true(probe_resolve("127.0.0.1", server->port, &addresses, detail));
    int socket = probe_tcp(&addresses, SHORT_MS, detail);
    assert_true(socket >= 0);
    assert_false(probe_tls(socket, "h.example", "system", SHORT_MS, detail));
    if (strstr(detail, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, detail);
    }
    close(socket);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static void wrong_servers_do_not_keep_the_probe(void **state)
{
    (void)state;
    expect_end(&(struct wrong_server){.first = ""}, "did not answer the request for TLS");
    expect_end(&(struct wrong_server){.first = "N"}, "does not offer TLS");
    expect_end(&(struct wrong_server){.first = "S"}, "did not answer in time");
    expect_end(&(struct wrong_server){.first = "S", .has_drops = true}, "did not answer in time");
    expect_end(&(struct wrong_server){.first = "Sno TLS at all, but text"}, "handshake: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_servers_do_not_keep_the_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
