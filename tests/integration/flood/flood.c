/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Many clients, most of which do not log in.  Opens COUNT connections, opens each of them again
 * when the server closes it, and prints "ready" when all have been opened once.  Ends with its
 * standard input.  ADDRESS is numeric, or the directory of a Unix socket. usage: flood ADDRESS PORT
 * KIND COUNT
 *
 *   silent   connects and sends nothing
 *   byte     sends one byte of its SSLRequest
 *   drip     sends a byte of its ClientHello each second
 *   tls      finishes TLS and sends nothing
 *   startup  asks for protocol 2.0
 *   cancel   sends a cancel request with a wrong key
 *   update   changes its TLS key as fast as it can
 *   tiny     sends a startup message in records of one byte, and never completes it
 *   plain    logs in as admin, without TLS and without a password, and sends nothing more
 *   idle     the same with TLS
 */
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { THREADS = 4, MAX_COUNT = 20000 };

struct connection {
    int fd; /* -1: not open */
    SSL *ssl;
    size_t sent;
};

struct kind {
    const char *name;
    bool (*open)(struct connection *connection);
    bool (*go_on)(struct connection *connection); /* NULL: nothing; false: the connection ended */
    int pause_ms;
};

static union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
} server;
static socklen_t server_size;
static SSL_CTX *context;
static const struct kind *kind;
static struct connection connections[MAX_COUNT];
static int count;
static pthread_barrier_t all_open;

static const char ssl_request[] = "\0\0\0\x08\x04\xd2\x16\x2f";
static const char protocol_2[] = "\0\0\0\x0c\0\2\0\0user";
static const char cancel_request[] = "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1abcd";
/* The beginning of a ClientHello, and of a startup message. */
static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
static const char login[] = "\0\0\0\x26\0\3\0\0user\0admin\0database\0postgres\0";
static const char ready_for_query[] = "Z\0\0\0\5I";
static const char startup[] = "\0\0\x20\0\0\3\0\0user\0admin\0options\0";

static void close_it(struct connection *connection)
{
    SSL_free(connection->ssl);
    close(connection->fd);
    *connection = (struct connection){.fd = -1};
}

static bool send_all(const struct connection *connection, const char *bytes, size_t len)
{
    return send(connection->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool open_silent(struct connection *connection)
{
    const struct timeval patience = {.tv_sec = 5};
    connection->fd = socket(server.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) {
        return false;
    }
    setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return connect(connection->fd, &server.any, server_size) == 0;
}

static bool open_ssl_request(struct connection *connection)
{
    char answer = 0;
    return open_silent(connection) && send_all(connection, ssl_request, 8) &&
           recv(connection->fd, &answer, 1, 0) == 1 && answer == 'S';
}

static bool open_tls(struct connection *connection)
{
    static char name[] = "localhost"; /* OpenSSL's macro casts const away */
    if (!open_ssl_request(connection)) {
        return false;
    }
    connection->ssl = SSL_new(context);
    SSL_set_fd(connection->ssl, connection->fd);
    SSL_set_tlsext_host_name(connection->ssl, name);
    return SSL_connect(connection->ssl) == 1;
}

/* Reads up to the ReadyForQuery that ends a login. */
static bool wait_until_ready(const struct connection *connection)
{
    enum { END = sizeof ready_for_query - 1 };
    char bytes[4096];
    ssize_t len = 0;
    while (len < END || memcmp(bytes + len - END, ready_for_query, END) != 0) {
        char *rest = bytes + len;
        size_t room = sizeof bytes - (size_t)len;
        ssize_t got = connection->ssl != NULL ? SSL_read(connection->ssl, rest, (int)room)
                                              : recv(connection->fd, rest, room, 0);
        if (got <= 0) {
            return false;
        }
        len += got;
    }
    return true;
}

static bool open_plain(struct connection *connection)
{
    return open_silent(connection) && send_all(connection, login, sizeof login) &&
           wait_until_ready(connection);
}

static bool open_idle(struct connection *connection)
{
    return open_tls(connection) &&
           SSL_write(connection->ssl, login, sizeof login) == (int)sizeof login &&
           wait_until_ready(connection);
}

static bool open_startup(struct connection *connection)
{
    return open_silent(connection) && send_all(connection, protocol_2, sizeof protocol_2 - 1);
}

static bool open_byte(struct connection *connection)
{
    return open_silent(connection) && send_all(connection, ssl_request, 1);
}

static bool open_cancel(struct connection *connection)
{
    return open_silent(connection) && send_all(connection, cancel_request, 16);
}

static bool drip(struct connection *connection)
{
    size_t at = connection->sent++;
    return send_all(connection, at < sizeof hello - 1 ? hello + at : "x", 1);
}

static bool update(struct connection *connection)
{
    for (int i = 0; i < 1000; i++) {
        if (SSL_key_update(connection->ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
            SSL_do_handshake(connection->ssl) != 1) {
            return false;
        }
    }
    return true;
}

static bool tiny(struct connection *connection)
{
    for (int i = 0; i < 1000; i++) {
        size_t at = connection->sent++;
        if (SSL_write(connection->ssl, at < sizeof startup - 1 ? startup + at : "x", 1) != 1) {
            return false;
        }
    }
    return true;
}

static const struct kind kinds[] = {
    {"silent", open_silent, NULL, 10}, {"drip", open_ssl_request, drip, 1000},
    {"tls", open_tls, NULL, 10},       {"startup", open_startup, NULL, 0},
    {"cancel", open_cancel, NULL, 0},  {"update", open_tls, update, 0},
    {"byte", open_byte, NULL, 10},     {"tiny", open_tls, tiny, 0},
    {"plain", open_plain, NULL, 10},   {"idle", open_idle, NULL, 10},
};

/* The server has closed it, or has sent something that nobody waits for. */
static bool is_over(const struct connection *connection)
{
    struct pollfd item = {.fd = connection->fd, .events = POLLIN};
    char bytes[4096];
    bool is_over = false;
    while (!is_over && poll(&item, 1, 0) > 0) {
        ssize_t got = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        is_over = got == 0 || (got < 0 && errno != EAGAIN);
    }
    return is_over;
}

static void visit(struct connection *connection)
{
    if (connection->fd >= 0 && is_over(connection)) {
        close_it(connection);
    }
    bool is_good = connection->fd >= 0 || kind->open(connection);
    if (is_good && kind->go_on != NULL) {
        is_good = kind->go_on(connection);
    }
    if (!is_good && connection->fd >= 0) {
        close_it(connection);
    }
}

static void *run(void *arg)
{
    int first = (int)(intptr_t)arg;
    for (int i = first; i < count; i += THREADS) {
        connections[i].fd = -1;
        visit(&connections[i]);
    }
    pthread_barrier_wait(&all_open);
    for (;;) {
        for (int i = first; i < count; i += THREADS) {
            visit(&connections[i]);
        }
        usleep((useconds_t)kind->pause_ms * 1000);
    }
    return NULL;
}

static bool read_address(const char *address, const char *port)
{
    if (address[0] == '/') {
        size_t size = sizeof server.un.sun_path;
        server.un.sun_family = AF_UNIX;
        server_size = sizeof server.un;
        return (size_t)snprintf(server.un.sun_path, size, "%s/.s.PGSQL.%s", address, port) < size;
    }
    server.in.sin_family = AF_INET;
    server.in.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    server_size = sizeof server.in;
    return inet_pton(AF_INET, address, &server.in.sin_addr) == 1;
}

static bool read_arguments(int argc, char **argv)
{
    if (argc != 5 || !read_address(argv[1], argv[2])) {
        return false;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(argv[3], kinds[i].name) == 0) {
            kind = &kinds[i];
        }
    }
    count = (int)strtol(argv[4], NULL, 10);
    return kind != NULL && count > 0 && count <= MAX_COUNT;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (!read_arguments(argc, argv)) {
        fprintf(stderr, "usage: flood ADDRESS PORT KIND COUNT\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    pthread_barrier_init(&all_open, NULL, THREADS + 1);
    for (intptr_t i = 0; i < THREADS; i++) {
        pthread_create(&thread, NULL, run, (void *)i);
    }
    pthread_barrier_wait(&all_open);
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    _exit(EXIT_SUCCESS); /* the threads never end */
}
