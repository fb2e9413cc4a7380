/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread relays for all connections.  Messages from the client are parsed as a whole.  Of the
 * server's messages only the type is read, to find ReadyForQuery.
 */
#include "cutter.h"

#include "postgres.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_LINKS = 32, BUFFER_SIZE = 1 << 20, HEADER_SIZE = 5 };

struct link {
    int client, server; /* -1: free */
    bool has_started;   /* the startup message, which has no type, has been forwarded */
    bool is_cutting;    /* nothing is sent to the client until the server is ready */
    bool is_silent;     /* nothing is read from either side any more */
    unsigned char *input;
    size_t input_len;
    unsigned char header[HEADER_SIZE]; /* of the server's current message */
    size_t header_len, left;
};

static struct {
    pthread_mutex_t lock;
    char text[64];
    enum cut where;
    int times;
    int cuts;

    pthread_t thread;
    bool is_running;
    int stop[2];
    int listener;
    char directory[40];
    char conninfo[160];
    struct link links[MAX_LINKS];
} cutter = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void die(const char *what)
{
    perror(what);
    abort();
}

static void write_all(int fd, const unsigned char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the next read fails */
        }
        data += sent;
        len -= (size_t)sent;
    }
}

static void close_link(struct link *link)
{
    close(link->client);
    close(link->server);
    free(link->input);
    *link = (struct link){.client = -1, .server = -1};
}

static uint32_t u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- From the client ---- */

/* Counts down, so that each matching message is cut once. */
static bool is_meant(const unsigned char *message, size_t len, enum cut *where)
{
    pthread_mutex_lock(&cutter.lock);
    bool is_meant =
        cutter.times > 0 && memmem(message, len, cutter.text, strlen(cutter.text)) != NULL;
    if (is_meant) {
        cutter.times--;
        cutter.cuts++;
        *where = cutter.where;
    }
    pthread_mutex_unlock(&cutter.lock);
    return is_meant;
}

/* The length of the first message, or 0 if it has not arrived completely. */
static size_t first_message(const struct link *link)
{
    size_t type = link->has_started ? 1 : 0;
    if (link->input_len < type + 4) {
        return 0;
    }
    size_t len = type + u32(link->input + type);
    return link->input_len < len ? 0 : len;
}

/* False: the connection was cut. */
static bool pass_on(struct link *link, size_t len)
{
    enum cut where;
    if (link->has_started && !link->is_cutting && is_meant(link->input, len, &where)) {
        if (where == CUT_BEFORE) {
            return false;
        }
        link->is_silent = where == CUT_SILENT;
        if (link->is_silent) {
            return true;
        }
        link->is_cutting = true;
    }
    link->has_started = true;
    write_all(link->server, link->input, len);
    link->input_len -= len;
    memmove(link->input, link->input + len, link->input_len);
    return true;
}

static bool from_client(struct link *link)
{
    ssize_t got =
        recv(link->client, link->input + link->input_len, BUFFER_SIZE - link->input_len, 0);
    if (got <= 0) {
        return false;
    }
    link->input_len += (size_t)got;
    size_t len = first_message(link);
    while (len > 0 && !link->is_silent) {
        if (!pass_on(link, len)) {
            return false;
        }
        len = first_message(link);
    }
    return true;
}

/* ---- From the server ---- */

/* True: the byte ends a ReadyForQuery. */
static bool ends_answer(struct link *link, unsigned char byte)
{
    if (link->header_len < HEADER_SIZE) {
        link->header[link->header_len++] = byte;
        if (link->header_len == HEADER_SIZE) {
            link->left = u32(link->header + 1) - 4;
        }
    } else {
        link->left--;
    }
    if (link->header_len == HEADER_SIZE && link->left == 0) {
        link->header_len = 0;
        return link->header[0] == 'Z';
    }
    return false;
}

static bool from_server(struct link *link)
{
    unsigned char buffer[8192];
    ssize_t got = recv(link->server, buffer, sizeof buffer, 0);
    if (got <= 0) {
        return false;
    }
    bool is_answered = false;
    for (ssize_t i = 0; i < got; i++) {
        is_answered = ends_answer(link, buffer[i]) || is_answered;
    }
    if (link->is_cutting) {
        return !is_answered;
    }
    write_all(link->client, buffer, (size_t)got);
    return true;
}

/* ---- The thread ---- */

static void connect_link(struct link *link, int client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *host = strstr(postgres_conninfo(), "host=") + 5;
    snprintf(address.sun_path, sizeof address.sun_path, "%.*s/.s.PGSQL.5432",
             (int)strcspn(host, " "), host);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        die("cutter: connect");
    }
    *link = (struct link){.client = client, .server = server, .input = malloc(BUFFER_SIZE)};
}

static void accept_link(void)
{
    int client = accept4(cutter.listener, NULL, NULL, SOCK_CLOEXEC);
    for (int i = 0; i < MAX_LINKS; i++) {
        if (cutter.links[i].client < 0) {
            connect_link(&cutter.links[i], client);
            return;
        }
    }
    die("cutter: too many connections");
}

static void *relay(void *arg)
{
    (void)arg;
    for (;;) {
        struct pollfd fds[2 + 2 * MAX_LINKS] = {{.fd = cutter.stop[0], .events = POLLIN},
                                                {.fd = cutter.listener, .events = POLLIN}};
        for (int i = 0; i < MAX_LINKS; i++) {
            const struct link *link = &cutter.links[i];
            short events = link->is_silent ? 0 : POLLIN; /* a closed socket is reported even so */
            fds[2 + 2 * i] = (struct pollfd){.fd = link->client, .events = events};
            fds[3 + 2 * i] = (struct pollfd){.fd = link->server, .events = events};
        }
        poll(fds, sizeof fds / sizeof fds[0], -1);
        if (fds[0].revents != 0) {
            return NULL;
        }
        for (int i = 0; i < MAX_LINKS; i++) {
            struct link *link = &cutter.links[i];
            bool has_client = fds[2 + 2 * i].revents != 0;
            bool has_server = fds[3 + 2 * i].revents != 0;
            if (link->is_silent
                    ? has_client || has_server
                    : (has_client && !from_client(link)) || (has_server && !from_server(link))) {
                close_link(link);
            }
        }
        if (fds[1].revents != 0) {
            accept_link();
        }
    }
}

static void stop(void)
{
    if (write(cutter.stop[1], "", 1) == 1) {
        pthread_join(cutter.thread, NULL);
    }
    for (int i = 0; i < MAX_LINKS; i++) {
        if (cutter.links[i].client >= 0) {
            close_link(&cutter.links[i]);
        }
    }
    close(cutter.listener);
    char path[80];
    snprintf(path, sizeof path, "%s/.s.PGSQL.5433", cutter.directory);
    unlink(path);
    rmdir(cutter.directory);
}

static void start(void)
{
    postgres_conninfo(); /* started before the relay, so it is stopped after it */
    snprintf(cutter.directory, sizeof cutter.directory, "/tmp/dsql-cutter-XXXXXX");
    if (mkdtemp(cutter.directory) == NULL || pipe(cutter.stop) != 0) {
        die("cutter: mkdtemp");
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5433", cutter.directory);
    cutter.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(cutter.listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(cutter.listener, MAX_LINKS) != 0) {
        die("cutter: bind");
    }
    for (int i = 0; i < MAX_LINKS; i++) {
        cutter.links[i] = (struct link){.client = -1, .server = -1};
    }
    snprintf(cutter.conninfo, sizeof cutter.conninfo,
             "host=%s port=5433 user=postgres dbname=postgres sslmode=disable gssencmode=disable",
             cutter.directory);
    if (pthread_create(&cutter.thread, NULL, relay, NULL) != 0) {
        die("cutter: pthread_create");
    }
    cutter.is_running = true;
    atexit(stop);
}

const char *cutter_conninfo(void)
{
    if (!cutter.is_running) {
        start();
    }
    return cutter.conninfo;
}

void cutter_arm(const char *text, enum cut where, int times)
{
    pthread_mutex_lock(&cutter.lock);
    snprintf(cutter.text, sizeof cutter.text, "%s", text);
    cutter.where = where;
    cutter.times = times;
    cutter.cuts = 0;
    pthread_mutex_unlock(&cutter.lock);
}

int cutter_cuts(void)
{
    pthread_mutex_lock(&cutter.lock);
    int cuts = cutter.cuts;
    pthread_mutex_unlock(&cutter.lock);
    return cuts;
}
