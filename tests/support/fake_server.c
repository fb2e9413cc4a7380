/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "fake_server.h"

#include "certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STARTUP_MAX = 20000, SSL_REQUEST_SIZE = 8 };

struct fake_client {
    int fd;
    SSL *ssl; /* NULL: plain */
    SSL_CTX *tls;
    char startup[STARTUP_MAX];
    size_t startup_len;
    size_t message_size;
    char server_name[256];
};

struct fake_server {
    int listener;
    char port[8];
    char directory[64];
    char ca_file[80];
    SSL_CTX *tls;
    fake_serve_fn serve;
    void *arg;
    pthread_t thread;
    atomic_int count;
    atomic_int client; /* its socket, -1: none.  Shut down to stop the thread */
    atomic_bool is_stopping;
};

static void die(const char *what)
{
    fprintf(stderr, "fake server: %s: %s\n", what, strerror(errno));
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* ---- Certificates ---- */

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's */
static int note_server_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    (void)arg;
    struct fake_client *client = SSL_get_app_data(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(client->server_name, sizeof client->server_name, "%s", name == NULL ? "" : name);
    return SSL_TLSEXT_ERR_OK;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned int in_len, void *arg)
{
    static const unsigned char ours[] = "\x0apostgresql";
    (void)ssl;
    (void)arg;
    unsigned char *chosen = NULL;
    bool is_known = SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) ==
                    OPENSSL_NPN_NEGOTIATED;
    *out = chosen;
    return is_known ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static void make_identity(struct fake_server *server, const struct fake_identity *identity)
{
    struct certificate ca = certificate_make("test.ca", NULL, true, -3600, 3600);
    bool is_valid_now = identity->from_s == 0 && identity->until_s == 0;
    struct certificate own = certificate_make(identity->name, identity->is_self_signed ? NULL : &ca,
                                              false, is_valid_now ? -3600 : identity->from_s,
                                              is_valid_now ? 3600 : identity->until_s);
    certificate_write(&ca, server->ca_file, NULL);
    server->tls = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate(server->tls, own.x509) != 1 ||
        SSL_CTX_use_PrivateKey(server->tls, own.key) != 1) {
        die("certificate");
    }
    SSL_CTX_set_alpn_select_cb(server->tls, choose_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(server->tls, note_server_name);
    certificate_free(&own);
    certificate_free(&ca);
}

/* ---- The server ---- */

static void open_listener(struct fake_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0) {
        die("listen");
    }
    snprintf(server->port, sizeof server->port, "%d", ntohs(address.sin_port));
}

static void serve_client(struct fake_server *server, int fd)
{
    struct fake_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        die("memory");
    }
    client->fd = fd;
    client->tls = server->tls;
    atomic_store(&server->client, fd);
    if (atomic_load(&server->is_stopping)) {
        shutdown(fd, SHUT_RDWR);
    }
    server->serve(client, atomic_fetch_add(&server->count, 1), server->arg);
    atomic_store(&server->client, -1);
    SSL_free(client->ssl);
    close(fd);
    free(client);
}

static void *serve_all(void *arg)
{
    struct fake_server *server = arg;
    while (!atomic_load(&server->is_stopping)) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd >= 0) {
            serve_client(server, fd);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            break; /* shut down */
        }
    }
    return NULL;
}

struct fake_server *fake_server_start(const struct fake_identity *identity, fake_serve_fn serve,
                                      void *arg)
{
    struct fake_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        die("memory");
    }
    signal(SIGPIPE, SIG_IGN);
    snprintf(server->directory, sizeof server->directory, "/tmp/dsql-fake-XXXXXX");
    if (mkdtemp(server->directory) == NULL) {
        die("mkdtemp");
    }
    snprintf(server->ca_file, sizeof server->ca_file, "%s/ca.pem", server->directory);
    server->serve = serve;
    server->arg = arg;
    atomic_store(&server->client, -1);
    make_identity(server, identity);
    open_listener(server);
    if (pthread_create(&server->thread, NULL, serve_all, server) != 0) {
        die("thread");
    }
    return server;
}

const char *fake_server_port(const struct fake_server *server)
{
    return server->port;
}

const char *fake_server_ca_file(const struct fake_server *server)
{
    return server->ca_file;
}

int fake_server_count(const struct fake_server *server)
{
    return atomic_load(&server->count);
}

void fake_server_stop(struct fake_server *server)
{
    atomic_store(&server->is_stopping, true);
    shutdown(server->listener, SHUT_RDWR);
    int client = atomic_load(&server->client);
    if (client >= 0) {
        shutdown(client, SHUT_RDWR);
    }
    pthread_join(server->thread, NULL);
    close(server->listener);
    SSL_CTX_free(server->tls);
    unlink(server->ca_file);
    rmdir(server->directory);
    free(server);
}

/* ---- Pieces ---- */

static bool read_exactly(struct fake_client *client, void *out, size_t len)
{
    char *place = out;
    while (len > 0) {
        ssize_t got = client->ssl != NULL ? SSL_read(client->ssl, place, (int)len)
                                          : recv(client->fd, place, len, 0);
        if (got <= 0) {
            return false;
        }
        place += got;
        len -= (size_t)got;
    }
    return true;
}

bool fake_send(struct fake_client *client, const void *data, size_t len)
{
    const char *place = data;
    while (len > 0) {
        ssize_t put = client->ssl != NULL ? SSL_write(client->ssl, place, (int)len)
                                          : send(client->fd, place, len, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        place += put;
        len -= (size_t)put;
    }
    return true;
}

static size_t length_of(const unsigned char bytes[4])
{
    return ((size_t)bytes[0] << 24) + ((size_t)bytes[1] << 16) + ((size_t)bytes[2] << 8) + bytes[3];
}

static void put_length(char out[4], size_t length)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (char)(unsigned char)(length >> (24 - 8 * i));
    }
}

bool fake_read_ssl_request(struct fake_client *client)
{
    char request[SSL_REQUEST_SIZE];
    return read_exactly(client, request, sizeof request) &&
           memcmp(request, "\0\0\0\x08\x04\xd2\x16\x2f", sizeof request) == 0;
}

/* libpq 17 may start TLS without SSLRequest (direct negotiation).  Record type 22: handshake. */
static bool begins_with_tls(const struct fake_client *client)
{
    char first = '\0';
    return recv(client->fd, &first, 1, MSG_PEEK) == 1 && first == 22;
}

bool fake_tls(struct fake_client *client)
{
    if (!begins_with_tls(client) &&
        (!fake_read_ssl_request(client) || !fake_send(client, "S", 1))) {
        return false;
    }
    SSL *ssl = SSL_new(client->tls);
    SSL_set_app_data(ssl, client);
    SSL_set_fd(ssl, client->fd);
    bool is_accepted = SSL_accept(ssl) == 1;
    ERR_clear_error();
    client->ssl = ssl;
    return is_accepted;
}

bool fake_read_startup(struct fake_client *client)
{
    unsigned char length[4];
    if (!read_exactly(client, length, sizeof length) || length_of(length) < 8 ||
        length_of(length) > STARTUP_MAX) {
        return false;
    }
    client->startup_len = length_of(length) - 4;
    return read_exactly(client, client->startup, client->startup_len);
}

bool fake_startup_has(const struct fake_client *client, const char *name, const char *value)
{
    size_t at = 4; /* after the version */
    while (at < client->startup_len && client->startup[at] != '\0') {
        const char *key = &client->startup[at];
        at += strlen(key) + 1;
        const char *found = &client->startup[at];
        at += strlen(found) + 1;
        if (strcmp(key, name) == 0) {
            return strcmp(found, value) == 0;
        }
    }
    return false;
}

const char *fake_server_name(const struct fake_client *client)
{
    return client->server_name;
}

bool fake_read_message(struct fake_client *client, char *type, char *body, size_t body_size)
{
    unsigned char length[4];
    if (!read_exactly(client, type, 1) || !read_exactly(client, length, sizeof length) ||
        length_of(length) < 4 || length_of(length) - 4 >= body_size) {
        return false;
    }
    size_t size = length_of(length) - 4;
    body[size] = '\0';
    client->message_size = size;
    return read_exactly(client, body, size);
}

size_t fake_message_size(const struct fake_client *client)
{
    return client->message_size;
}

const struct ssl_st *fake_ssl(const struct fake_client *client)
{
    return client->ssl;
}

bool fake_send_message(struct fake_client *client, char type, const void *body, size_t len)
{
    char *message = malloc(len + 5);
    if (message == NULL) {
        die("memory");
    }
    message[0] = type;
    put_length(&message[1], len + 4);
    if (len > 0) {
        memcpy(&message[5], body, len);
    }
    bool is_sent = fake_send(client, message, len + 5);
    free(message);
    return is_sent;
}

bool fake_send_authentication(struct fake_client *client, int code)
{
    static const char sasl[] = "SCRAM-SHA-256\0";
    char body[32] = {0};
    body[3] = (char)code;
    size_t len = 4;
    if (code == 5) {
        len = 8; /* md5: a salt */
    } else if (code == 10) {
        memcpy(&body[4], sasl, sizeof sasl);
        len = 4 + sizeof sasl;
    }
    return fake_send_message(client, 'R', body, len);
}

bool fake_send_error(struct fake_client *client, const char *sqlstate, const char *message,
                     const char *hint)
{
    size_t size = strlen(message) + (hint == NULL ? 0 : strlen(hint)) + 64;
    char *body = calloc(1, size);
    if (body == NULL) {
        die("memory");
    }
    int len = snprintf(body, size, "SFATAL%cVFATAL%cC%s%cM%s%c", 0, 0, sqlstate, 0, message, 0);
    if (hint != NULL) {
        len += snprintf(&body[len], size - (size_t)len, "H%s", hint) + 1;
    }
    bool is_sent = fake_send_message(client, 'E', body, (size_t)len + 1);
    free(body);
    return is_sent;
}

bool fake_send_ready(struct fake_client *client)
{
    return fake_send_authentication(client, 0) &&
           fake_send_message(client, 'S', "server_version\00016.15", 21) &&
           fake_send_message(client, 'S', "client_encoding\0UTF8", 21) &&
           fake_send_message(client, 'K', "\0\0\0\1\0\0\0\2", 8) &&
           fake_send_message(client, 'Z', "I", 1);
}

bool fake_read_password(struct fake_client *client, char *password, size_t size)
{
    char type = '\0';
    return fake_tls(client) && fake_read_startup(client) && fake_send_authentication(client, 3) &&
           fake_read_message(client, &type, password, size) && type == 'p';
}

void fake_listen(struct fake_client *client)
{
    char rubbish[512];
    ssize_t got = 1;
    while (got > 0) {
        got = client->ssl != NULL ? SSL_read(client->ssl, rubbish, sizeof rubbish)
                                  : recv(client->fd, rubbish, sizeof rubbish, 0);
    }
}
