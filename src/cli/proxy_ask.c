/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.0 over a Unix socket: the answer ends with the connection.  A socket that a killed proxy
 * has left refuses the connection, which is the same as no socket.
 */
#include "cli/proxy_ask.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/platform.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { LIMIT_S = 5, ANSWER_MAX = 4 * 1024 * 1024 };

#define CONTROL_PREFIX "control."
#define REQUEST        "GET /status HTTP/1.0\r\n\r\n"

/* -1: nobody listens there. */
static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = LIMIT_S};
    if (!text_copy(text_of(path), address.sun_path, sizeof address.sun_path)) {
        return -1;
    }
    int fd = platform_socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool exchange(int fd, struct buf *answer)
{
    char chunk[4096];
    ssize_t got = send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL);
    while (got > 0 && buf_ok(answer)) {
        got = recv(fd, chunk, sizeof chunk, 0);
        if (got > 0) {
            buf_add(answer, chunk, (size_t)got);
        }
        if (got < 0 && errno == EINTR) {
            got = 1;
        }
    }
    return got == 0 && buf_ok(answer);
}

/* The body of a 200. */
static json_t *parse_answer(struct text answer)
{
    struct text line;
    bool is_good = text_next_line(&answer, &line) && text_starts_with(line, "HTTP/1.1 200 ");
    while (text_next_line(&answer, &line) && !text_is_empty(line)) {
    }
    return is_good ? json_loadb(answer.data, answer.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static json_t *ask(const char *path)
{
    struct buf answer AUTO_BUF;
    buf_init(&answer, ANSWER_MAX);
    int fd = dial(path);
    if (fd < 0) {
        return NULL;
    }
    json_t *report = exchange(fd, &answer) ? parse_answer(buf_text(&answer)) : NULL;
    close(fd);
    return report;
}

static bool has_port(const json_t *report, int port)
{
    size_t i = 0;
    const json_t *cluster = NULL;
    json_array_foreach(json_object_get(report, "clusters"), i, cluster)
    {
        if (json_integer_value(json_object_get(cluster, "port")) == port) {
            return true;
        }
    }
    return false;
}

/* The number after the prefix; 0 if the name is not that of a control socket. */
static int control_port(const char *name)
{
    int64_t port = 0;
    struct text text = text_of(name);
    bool is_control =
        text_starts_with(text, CONTROL_PREFIX) &&
        text_to_int64(text_slice(text, strlen(CONTROL_PREFIX), text.len), 1, UINT16_MAX, &port);
    return is_control ? (int)port : 0;
}

static bool add_report(json_t *reports, const struct proxy_places *places, int control, int port)
{
    char path[PROXY_PLACE_SIZE];
    proxy_places_control(places, control, path);
    json_t *report = ask(path);
    if (report == NULL || (port != 0 && !has_port(report, port))) {
        json_decref(report);
        return true;
    }
    return json_array_append_new(reports, report) == 0;
}

dsql_status proxy_ask_all(const struct proxy_places *places, int port, json_t **out,
                          dsql_error *err)
{
    DIR *directory = opendir(places->state);
    *out = json_array();
    if (directory == NULL) {
        return errno == ENOENT
                   ? DSQL_OK
                   : fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", places->state);
    }
    bool is_complete = *out != NULL;
    const struct dirent *entry = readdir(directory);
    while (entry != NULL) {
        int control = control_port(entry->d_name);
        is_complete = is_complete && (control == 0 || add_report(*out, places, control, port));
        entry = readdir(directory);
    }
    closedir(directory);
    return is_complete ? DSQL_OK : fail_nomem(err);
}
