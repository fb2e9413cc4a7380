/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports to a service manager: sd_notify(3) without libsystemd.  systemd sets NOTIFY_SOCKET for
 * units with Type=notify, and so do some container runtimes.  Without that variable every function
 * does nothing, so a program calls them wherever it runs.
 *
 * This module does not read the environment.  The caller passes the variable's value.
 */
#ifndef DSQL_NET_SERVICE_NOTIFY_H
#define DSQL_NET_SERVICE_NOTIFY_H

#include <dsql.h>

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/** A value without pointers or descriptors: it needs no clearing and survives fork(). */
struct service_notify {
    struct sockaddr_un address;
    socklen_t length; /* 0: nobody listens */
};

/**
 * socket: the value of NOTIFY_SOCKET, or NULL; an absolute path, or '@' and the name of an abstract
 * socket.  Another value is DSQL_ERR_USAGE, and *notify is then one that does nothing.
 */
dsql_status service_notify_init(struct service_notify *notify, const char *socket, dsql_error *err);

/*
 * Each sends one datagram, and waits for at most 1 s if the manager does not read.  status is one
 * line for the user, UTF-8, without secrets; longer ones are cut at 400 bytes.  A failure is
 * reported in err, which may be NULL: a service goes on without its manager.
 */

/** The start is complete: READY=1. */
dsql_status service_notify_ready(const struct service_notify *notify, const char *status,
                                 dsql_error *err);
/** What the service is doing now: STATUS=. */
dsql_status service_notify_status(const struct service_notify *notify, const char *status,
                                  dsql_error *err);
/**
 * The configuration is being read again: RELOADING=1, which service_notify_ready() ends.
 * monotonic_us: of CLOCK_MONOTONIC, for Type=notify-reload.
 */
dsql_status service_notify_reloading(const struct service_notify *notify, int64_t monotonic_us,
                                     dsql_error *err);
/** The service has begun to stop: STOPPING=1. */
dsql_status service_notify_stopping(const struct service_notify *notify, const char *status,
                                    dsql_error *err);

#endif
