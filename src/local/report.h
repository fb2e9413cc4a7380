/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a starting daemon reports to the command that started it: lines through a pipe.  The
 * writer and the reader of each line are in this module, and no other module knows their format.
 */
#ifndef DSQL_LOCAL_REPORT_H
#define DSQL_LOCAL_REPORT_H

#include "net/service_notify.h"

#include <dsql.h>

enum { REPORT_FD = 3 }; /* the daemon's end of the pipe, wherever it was opened */

/* ---- In the daemon ---- */

/** Moves the pipe to REPORT_FD.  Before that, progress goes to standard error. */
void report_begin(int fd);

/**
 * For a daemon in the foreground, which has no pipe: progress goes to standard error and to the
 * service manager, and report_error() does nothing.
 */
void report_begin_foreground(const struct service_notify *notify);

/** One line about the step that begins. */
void report_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The start failed; the process is about to exit. */
void report_error(const dsql_error *err);

/** The state of a running cluster has changed; for the service manager. */
void report_status(const char *status);
/** The daemon begins to stop; for the service manager. */
void report_stopping(void);

/** The cluster accepts connections on port; 0 when it was created only. */
void report_ready(int port);

/** From now on standard error is a log file, which gets progress and errors too. */
void report_copy_to_log(void);

/* ---- In the command ---- */

struct report {
    void (*progress)(const char *line); /* may be NULL */
    int port;                           /* -1: the daemon has not become ready */
    dsql_error error;                   /* as report_error() was given it */
};

/** Reads until the daemon closes its end, and closes fd. */
void report_read(int fd, struct report *report);

#endif
