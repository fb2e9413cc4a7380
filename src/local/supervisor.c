/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See supervisor.h: the side that asks.  The daemon itself is daemon.c. */
#include "local/supervisor.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/daemon.h"
#include "local/file.h"
#include "local/postmaster.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_LIMIT_MS = 40000, STOP_POLL_MS = 10 };

/* "e STATUS ERRNO TEXT": the daemon's error, as it would be without a process between. */
static void read_error(struct text rest, dsql_error *err)
{
    struct text status_text;
    struct text errno_text;
    struct text message;
    int64_t status = 0;
    int64_t os_errno = 0;
    char words[DSQL_ERROR_MESSAGE_SIZE] = "";
    if (text_cut(rest, ' ', &status_text, &rest) && text_cut(rest, ' ', &errno_text, &message) &&
        text_to_int64(status_text, 1, INT_MAX, &status) &&
        text_to_int64(errno_text, 0, INT_MAX, &os_errno)) {
        text_copy(message, words, sizeof words);
        fail(err, (dsql_status)status, "%s", words);
        err->os_errno = (int)os_errno;
    }
}

/* What the daemon says: "p TEXT" progress, "e ..." an error, "r PORT" ready. */
static void hear(struct text line, const struct supervisor_options *options, int *port,
                 dsql_error *err)
{
    char words[DSQL_ERROR_MESSAGE_SIZE] = "";
    struct text rest = text_slice(line, 2, line.len);
    int64_t number = 0;
    text_copy(rest, words, sizeof words);
    if (text_starts_with(line, "p ") && options->progress != NULL) {
        options->progress(words);
    }
    if (text_starts_with(line, "e ")) {
        read_error(rest, err);
    }
    if (text_starts_with(line, "r ") && text_to_int64(rest, 0, 65535, &number)) {
        *port = (int)number;
    }
}

static void listen_to(int fd, const struct supervisor_options *options, int *port, dsql_error *err)
{
    FILE *in = fdopen(fd, "r");
    char line[DSQL_ERROR_MESSAGE_SIZE + 16];
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        hear(text_trim_end(text_of(line)), options, port, err);
    }
    if (in != NULL) {
        fclose(in);
    }
}

dsql_status supervisor_start(const struct cluster *cluster,
                             const struct supervisor_options *options, int *port, dsql_error *err)
{
    dsql_status status = cluster_prepare(cluster, err);
    if (status != DSQL_OK) {
        return status;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not make a pipe");
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        daemon_main(cluster, options, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not start a process");
    }
    *port = -1;
    dsql_error said = {0};
    fail(&said, DSQL_ERR_SYSTEM, "the daemon ended without a word: see %s", cluster->daemon_log);
    listen_to(ends[0], options, port, &said);
    if (*port >= 0 && !options->is_init_only) {
        return DSQL_OK;
    }
    waitpid(pid, NULL, 0);
    if (*port < 0 && err != NULL) {
        *err = said;
    }
    return *port >= 0 ? DSQL_OK : said.status;
}

/* Runs a step as the cluster's owner, in a process of its own when we are root. */
static dsql_status as_owner(const struct cluster *cluster,
                            dsql_status (*step)(const struct cluster *, dsql_error *),
                            dsql_error *err)
{
    if (!cluster->owner.is_other) {
        return step(cluster, err);
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dsql_error own = {0};
        bool ok = cluster_become_owner(cluster, &own) == DSQL_OK && step(cluster, &own) == DSQL_OK;
        if (!ok) {
            fprintf(stderr, "dsql: %s\n", own.message);
        }
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        return fail(err, DSQL_ERR_SYSTEM, "that did not work as user %s", cluster->owner.name);
    }
    return DSQL_OK;
}

dsql_status supervisor_stop(const struct cluster *cluster, bool *was_running, dsql_error *err)
{
    pid_t pid = cluster_running_pid(cluster);
    *was_running = pid > 0;
    if (pid > 0 && kill(pid, SIGTERM) != 0 && errno != ESRCH) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not stop process %d", (int)pid);
    }
    int64_t waited = 0;
    while (cluster_running_pid(cluster) == pid && pid > 0 && waited < STOP_LIMIT_MS) {
        clock_sleep_ms(clock_system(), STOP_POLL_MS);
        waited += STOP_POLL_MS;
    }
    if (waited >= STOP_LIMIT_MS) {
        return fail(err, DSQL_ERR_SYSTEM, "process %d does not stop", (int)pid);
    }
    return as_owner(cluster, postmaster_stop_orphan, err);
}

static dsql_status remove_content(const struct cluster *cluster, dsql_error *err)
{
    return folder_remove(cluster->dir, true, err);
}

dsql_status supervisor_destroy(const struct cluster *cluster, dsql_error *err)
{
    dsql_status status = as_owner(cluster, remove_content, err);
    if (status == DSQL_OK && rmdir(cluster->dir) != 0 && errno != ENOENT) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not remove %s", cluster->dir);
    }
    return status;
}
