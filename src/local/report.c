/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A line protocol between the daemon and the command that started it, over a pipe.  When the
 * daemon closes its end, or dies, the command's read ends: so the command never waits for a
 * daemon that is gone.
 */
#include "local/report.h"

#include "base/error.h"
#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/*
 * "p TEXT" is progress, "e STATUS ERRNO TEXT" an error, "r PORT" the end of a start.  No text
 * has a line break in it: progress has none by itself, and fail() removes them.
 */
enum { LINE_SIZE = DSQL_ERROR_MESSAGE_SIZE + 32, PORT_MAX = 65535 };

/* Until the daemon has its log, standard error is the command's, which prints what it reads. */
static bool has_own_log;

/* Another process than a daemon, such as a restore, has no pipe; its REPORT_FD is another file. */
static bool has_pipe;

/* A daemon in the foreground has a service manager, which may be nobody. */
static const struct service_notify no_manager;
static const struct service_notify *manager = &no_manager;

void report_begin_foreground(const struct service_notify *notify)
{
    manager = notify;
}

/* Best effort: without its manager a cluster goes on. */
void report_status(const char *status)
{
    (void)service_notify_status(manager, status, NULL);
}

void report_stopping(void)
{
    (void)service_notify_stopping(manager, "stopping", NULL);
}

void report_begin(int fd)
{
    dup2(fd, REPORT_FD);
    has_pipe = true;
}

void report_copy_to_log(void)
{
    has_own_log = true;
}

/*
 * dprintf() writes the line at once: nothing may be left in a buffer when the process ends with
 * _exit().
 */
void report_progress(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (has_pipe) {
        dprintf(REPORT_FD, "p %s\n", line);
    }
    if (has_own_log || !has_pipe) {
        fprintf(stderr, "%s\n", line);
    }
    report_status(line);
}

/* The number of the status travels as it is: both ends are the same program. */
void report_error(const dsql_error *err)
{
    if (has_pipe) {
        dprintf(REPORT_FD, "e %d %d %s\n", (int)err->status, err->os_errno, err->message);
    }
    if (has_own_log) {
        fprintf(stderr, "%s\n", err->message);
    }
}

void report_ready(int port)
{
    char status[64];
    snprintf(status, sizeof status, "accepts connections on port %d", port);
    if (has_pipe) {
        dprintf(REPORT_FD, "r %d\n", port);
    }
    (void)service_notify_ready(manager, status, NULL);
}

/*
 * The message is read last, as it may contain spaces.  A line that is damaged leaves the error
 * that supervisor.c has set beforehand.
 */
static void read_error(struct text rest, dsql_error *err)
{
    struct text status_text;
    struct text errno_text;
    struct text message;
    int64_t status = 0;
    int64_t os_errno = 0;
    if (text_cut(rest, ' ', &status_text, &rest) && text_cut(rest, ' ', &errno_text, &message) &&
        text_to_int64(status_text, 1, INT_MAX, &status) &&
        text_to_int64(errno_text, 0, INT_MAX, &os_errno)) {
        fail(err, (dsql_status)status, "%.*s", (int)message.len, message.data);
        err->os_errno = (int)os_errno;
    }
}

/* A line of an unknown kind is ignored. */
static void read_line(struct text line, struct report *report)
{
    struct text rest = text_slice(line, 2, line.len);
    int64_t port = 0;
    if (text_starts_with(line, "p ") && report->progress != NULL) {
        char words[LINE_SIZE] = "";
        text_copy(rest, words, sizeof words);
        report->progress(words);
    }
    if (text_starts_with(line, "e ")) {
        read_error(rest, &report->error);
    }
    if (text_starts_with(line, "r ") && text_to_int64(rest, 0, PORT_MAX, &port)) {
        report->port = (int)port;
    }
}

/* Progress is passed on while the daemon works, so a user sees each step as it begins. */
void report_read(int fd, struct report *report)
{
    FILE *in = fdopen(fd, "r");
    char line[LINE_SIZE];
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        read_line(text_trim_end(text_of(line)), report);
    }
    if (in != NULL) {
        fclose(in);
    }
}
