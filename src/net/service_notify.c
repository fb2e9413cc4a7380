/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol is in sd_notify(3): lines of NAME=VALUE in one datagram to a Unix socket.  A socket
 * is opened for each message: there are few, and nothing has to be kept across a fork() or a
 * change of user.
 */
#include "net/service_notify.h"

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { STATUS_MAX = 400, VARIABLES_SIZE = 80, MESSAGE_SIZE = 512, SEND_LIMIT_S = 1 };

dsql_status service_notify_init(struct service_notify *notify, const char *socket, dsql_error *err)
{
    *notify = (struct service_notify){.address = {.sun_family = AF_UNIX}};
    struct text path = text_of(socket);
    if (text_is_empty(path)) {
        return DSQL_OK;
    }
    bool is_abstract = path.data[0] == '@';
    if ((!is_abstract && path.data[0] != '/') || path.len < 2) {
        return fail(err, DSQL_ERR_USAGE,
                    "invalid NOTIFY_SOCKET \"%.100s\": it must be an absolute path, or '@' and a "
                    "name",
                    socket);
    }
    if (!text_copy(path, notify->address.sun_path, sizeof notify->address.sun_path)) {
        return fail(err, DSQL_ERR_USAGE,
                    "invalid NOTIFY_SOCKET: it has %zu bytes, and the limit is %zu", path.len,
                    sizeof notify->address.sun_path - 1);
    }
    /* The name of an abstract socket begins with NUL and has no NUL at its end (unix(7)). */
    if (is_abstract) {
        notify->address.sun_path[0] = '\0';
    }
    notify->length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + (is_abstract ? 0 : 1));
    return DSQL_OK;
}

/* One line: a line break in the status would begin another variable of the protocol. */
static void write_message(const char *variable, const char *status, char out[MESSAGE_SIZE])
{
    struct text words = text_of(status);
    int prefix = snprintf(out, MESSAGE_SIZE, "%sSTATUS=%.*s", variable,
                          (int)text_utf8_prefix(words, STATUS_MAX), words.data);
    for (char *c = out + strlen(variable); prefix > 0 && *c != '\0'; c++) {
        if (char_is_control(*c)) {
            *c = ' ';
        }
    }
}

/* It may have to wait for room in the manager's queue, but not for ever. */
static dsql_status send_message(const struct service_notify *notify, const char *message,
                                dsql_error *err)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create a socket");
    }
    const struct timeval limit = {.tv_sec = SEND_LIMIT_S};
    dsql_status status = DSQL_OK;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        sendto(fd, message, strlen(message), MSG_NOSIGNAL,
               (const struct sockaddr *)&notify->address, notify->length) < 0) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not report to the service manager");
    }
    close(fd);
    return status;
}

static dsql_status notify_with(const struct service_notify *notify, const char *variable,
                               const char *status, dsql_error *err)
{
    char message[MESSAGE_SIZE];
    if (notify->length == 0) {
        return DSQL_OK;
    }
    write_message(variable, status, message);
    return send_message(notify, message, err);
}

dsql_status service_notify_ready(const struct service_notify *notify, const char *status,
                                 dsql_error *err)
{
    return notify_with(notify, "READY=1\n", status, err);
}

dsql_status service_notify_status(const struct service_notify *notify, const char *status,
                                  dsql_error *err)
{
    return notify_with(notify, "", status, err);
}

dsql_status service_notify_reloading(const struct service_notify *notify, int64_t monotonic_us,
                                     dsql_error *err)
{
    char variables[VARIABLES_SIZE];
    snprintf(variables, sizeof variables, "RELOADING=1\nMONOTONIC_USEC=%lld\n",
             (long long)monotonic_us);
    return notify_with(notify, variables, "reading the configuration again", err);
}

dsql_status service_notify_stopping(const struct service_notify *notify, const char *status,
                                    dsql_error *err)
{
    return notify_with(notify, "STOPPING=1\n", status, err);
}
