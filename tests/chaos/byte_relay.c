/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Two threads for each connection, one for each direction, with blocking calls. */
#include "byte_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE_BYTES = 4096, UNLIMITED = -1 };

/* Belongs to its two threads; the last one frees it. */
struct pair {
    int sockets[DIRECTIONS]; /* [TO_SERVER] is the server's, [TO_CLIENT] the client's */
    long budget[DIRECTIONS]; /* UNLIMITED, or bytes until the cut */
    int users;
};

static struct {
    pthread_mutex_t lock;
    int server_port;
    long countdown[DIRECTIONS]; /* UNLIMITED, or bytes until the cut */
    long passed[DIRECTIONS];
    unsigned seed;
    long random_most;
    long cuts;
} relay = {.lock = PTHREAD_MUTEX_INITIALIZER, .countdown = {UNLIMITED, UNLIMITED}};

struct half {
    struct pair *pair;
    enum direction direction;
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static long smaller(long bytes, long limit)
{
    return limit >= 0 && limit < bytes ? limit : bytes;
}

static void spend(long *limit, long bytes)
{
    *limit -= *limit >= 0 ? bytes : 0;
}

/* Returns how many of the bytes may pass, and books them.  *is_cut: the connection ends then. */
static size_t admit(struct pair *pair, enum direction direction, size_t available, bool *is_cut)
{
    pthread_mutex_lock(&relay.lock);
    long bytes = smaller((long)available, relay.countdown[direction]);
    bytes = smaller(bytes, pair->budget[direction]);
    *is_cut = bytes < (long)available || bytes == relay.countdown[direction] ||
              bytes == pair->budget[direction];
    if (bytes == relay.countdown[direction]) {
        relay.countdown[direction] = UNLIMITED;
    } else {
        spend(&relay.countdown[direction], bytes);
    }
    spend(&pair->budget[direction], bytes);
    relay.passed[direction] += bytes;
    relay.cuts += *is_cut ? 1 : 0;
    pthread_mutex_unlock(&relay.lock);
    return (size_t)bytes;
}

static bool write_all(int socket, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = send(socket, bytes, size, MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Wakes the thread of the other direction too. */
static void leave(struct pair *pair)
{
    shutdown(pair->sockets[TO_SERVER], SHUT_RDWR);
    shutdown(pair->sockets[TO_CLIENT], SHUT_RDWR);
    pthread_mutex_lock(&relay.lock);
    bool is_last = --pair->users == 0;
    pthread_mutex_unlock(&relay.lock);
    if (is_last) {
        close(pair->sockets[TO_SERVER]);
        close(pair->sockets[TO_CLIENT]);
        free(pair);
    }
}

static void *pass_on(void *arg)
{
    struct half half = *(struct half *)arg;
    free(arg);
    int from = half.pair->sockets[half.direction == TO_SERVER ? TO_CLIENT : TO_SERVER];
    int to = half.pair->sockets[half.direction];
    char piece[PIECE_BYTES];
    bool is_cut = false;
    while (!is_cut) {
        ssize_t available = recv(from, piece, sizeof piece, 0);
        if (available <= 0) {
            break;
        }
        size_t size = admit(half.pair, half.direction, (size_t)available, &is_cut);
        if (!write_all(to, piece, size)) {
            break;
        }
    }
    leave(half.pair);
    return NULL;
}

static void start_half(struct pair *pair, enum direction direction)
{
    struct half *half = malloc(sizeof *half);
    pthread_t thread;
    if (half == NULL) {
        die("malloc");
    }
    *half = (struct half){pair, direction};
    if (pthread_create(&thread, NULL, pass_on, half) != 0) {
        die("pthread_create");
    }
    pthread_detach(thread);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_to_server(void)
{
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(relay.server_port);
    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        close(server);
        return -1;
    }
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return server;
}

static void choose_budget(struct pair *pair)
{
    pthread_mutex_lock(&relay.lock);
    if (relay.random_most > 0) {
        enum direction direction = rand_r(&relay.seed) % 2 == 0 ? TO_SERVER : TO_CLIENT;
        pair->budget[direction] = rand_r(&relay.seed) % relay.random_most;
    }
    pthread_mutex_unlock(&relay.lock);
}

/* A server that is away is a connection that ends at once. */
static void serve(int client)
{
    int server = connect_to_server();
    struct pair *pair = server < 0 ? NULL : malloc(sizeof *pair);
    if (pair == NULL) {
        close(client);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    *pair = (struct pair){.sockets = {[TO_SERVER] = server, [TO_CLIENT] = client},
                          .budget = {UNLIMITED, UNLIMITED},
                          .users = DIRECTIONS};
    choose_budget(pair);
    start_half(pair, TO_SERVER);
    start_half(pair, TO_CLIENT);
}

static void *accept_all(void *arg)
{
    int listener = *(int *)arg;
    free(arg);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client >= 0) {
            serve(client);
        }
    }
    return NULL;
}

int byte_relay_start(int server_port)
{
    relay.server_port = server_port;
    int *listener = malloc(sizeof *listener);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    pthread_t thread = pthread_self();
    if (listener == NULL) {
        die("malloc");
    }
    *listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(*listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(*listener, SOMAXCONN) != 0 ||
        getsockname(*listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&thread, NULL, accept_all, listener) != 0) {
        die("byte relay");
    }
    pthread_detach(thread);
    return ntohs(address.sin_port);
}

void byte_relay_cut_after(enum direction direction, long bytes)
{
    pthread_mutex_lock(&relay.lock);
    memset(relay.passed, 0, sizeof relay.passed);
    relay.countdown[TO_SERVER] = UNLIMITED;
    relay.countdown[TO_CLIENT] = UNLIMITED;
    relay.countdown[direction] = bytes;
    pthread_mutex_unlock(&relay.lock);
}

long byte_relay_passed(enum direction direction)
{
    pthread_mutex_lock(&relay.lock);
    long passed = relay.passed[direction];
    pthread_mutex_unlock(&relay.lock);
    return passed;
}

void byte_relay_cut_at_random(unsigned seed, long most_bytes)
{
    pthread_mutex_lock(&relay.lock);
    relay.seed = seed;
    relay.random_most = most_bytes;
    pthread_mutex_unlock(&relay.lock);
}

long byte_relay_cuts(void)
{
    pthread_mutex_lock(&relay.lock);
    long cuts = relay.cuts;
    pthread_mutex_unlock(&relay.lock);
    return cuts;
}
