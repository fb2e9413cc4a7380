/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's processes change to the data directory, and their title, but not their program.
 * Process groups would not do: each child of the postmaster has one of its own.
 */
#include "local/server_processes.h"

#include "base/clock.h"
#include "base/text.h"
#include "local/postmaster_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Children that have lost their postmaster end by themselves, unless they are frozen. */
enum { LEFTOVER_GRACE_MS = 2000 };

static bool read_process_link(pid_t pid, const char *name, char out[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/%s", (int)pid, name);
    ssize_t len = readlink(link, out, PATH_MAX - 1);
    out[len < 0 ? 0 : len] = '\0';
    return len > 0;
}

/* The kernel appends " (deleted)" to a program that was replaced by an update. */
static bool is_postgres(const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *name = slash == NULL ? program : slash + 1;
    return strcmp(name, "postgres") == 0 || strcmp(name, "postgres (deleted)") == 0;
}

/* data: without symbolic links. */
static bool is_server_process(pid_t pid, const char *data)
{
    char link[PATH_MAX];
    return read_process_link(pid, "cwd", link) && strcmp(link, data) == 0 &&
           read_process_link(pid, "exe", link) && is_postgres(link);
}

pid_t server_processes_postmaster(const struct cluster *cluster)
{
    char data[PATH_MAX];
    pid_t pid = postmaster_pid_read(cluster).pid;
    return pid > 0 && realpath(cluster->data, data) != NULL && is_server_process(pid, data) ? pid
                                                                                            : 0;
}

/* The postmaster first, or it would start new processes. */
int server_processes_signal(const struct cluster *cluster, int signal)
{
    char data[PATH_MAX];
    pid_t postmaster = server_processes_postmaster(cluster);
    DIR *processes = realpath(cluster->data, data) == NULL ? NULL : opendir("/proc");
    if (processes == NULL) {
        return 0;
    }
    if (postmaster > 0 && signal != 0) {
        kill(postmaster, signal);
    }
    int count = 0;
    for (struct dirent *entry = readdir(processes); entry != NULL; entry = readdir(processes)) {
        int64_t pid = 0;
        if (text_to_int64(text_of(entry->d_name), 2, INT_MAX, &pid) &&
            is_server_process((pid_t)pid, data)) {
            kill((pid_t)pid, signal);
            count++;
        }
    }
    closedir(processes);
    return count;
}

enum server_stop_step server_stop_step(int64_t elapsed_ms)
{
    if (elapsed_ms < SERVER_STOP_FAST_MS) {
        return SERVER_STOP_FAST;
    }
    return elapsed_ms < SERVER_STOP_FAST_MS + SERVER_STOP_IMMEDIATE_MS ? SERVER_STOP_IMMEDIATE
                                                                       : SERVER_STOP_KILL;
}

const char *server_stop_message(enum server_stop_step step)
{
    switch (step) {
    case SERVER_STOP_FAST:
        break;
    case SERVER_STOP_IMMEDIATE:
        return "PostgreSQL did not stop within 15 s: it is shut down immediately. Committed data "
               "is "
               "safe; the next start recovers it";
    case SERVER_STOP_KILL:
        return "PostgreSQL did not shut down immediately either: its processes are killed. "
               "Committed data is safe; the next start recovers it";
    }
    return NULL;
}

/*
 * PostgreSQL would take the program that now has the process id for a running server, and so it
 * would a server that has ended and whose parent has not noticed.  Without /proc it is not known
 * that there is no server.
 */
static void remove_stale_files(const struct cluster *cluster)
{
    char path[CLUSTER_PATH_SIZE + 32];
    char link[PATH_MAX];
    pid_t pid = postmaster_pid_read(cluster).pid;
    if (!read_process_link(getpid(), "exe", link)) {
        return;
    }
    if (pid > 0 && (kill(pid, 0) == 0 || errno == EPERM)) {
        postmaster_pid_remove(cluster);
    }
    snprintf(path, sizeof path, "%s.lock", cluster->socket);
    unlink(path);
}

/* Only children are left, which have a moment to end by themselves. */
static void kill_leftovers(const struct server_stop *stop, const struct cluster *cluster,
                           int64_t now_ms)
{
    if (now_ms - stop->began_ms >= LEFTOVER_GRACE_MS) {
        server_processes_signal(cluster, SIGKILL);
    }
}

bool server_stop_continue(struct server_stop *stop, const struct cluster *cluster, int64_t now_ms,
                          const char **message)
{
    *message = NULL;
    if (server_processes_signal(cluster, 0) == 0) {
        remove_stale_files(cluster);
        return true;
    }
    if (!stop->has_begun) {
        stop->began_ms = now_ms;
    }
    pid_t postmaster = server_processes_postmaster(cluster);
    enum server_stop_step step = server_stop_step(now_ms - stop->began_ms);
    bool is_new = !stop->has_begun || step != stop->step;
    stop->has_begun = true;
    stop->step = step;
    if (postmaster == 0) {
        kill_leftovers(stop, cluster, now_ms);
        return false;
    }
    if (is_new && step != SERVER_STOP_KILL) {
        kill(postmaster, step == SERVER_STOP_FAST ? SIGINT : SIGQUIT);
    }
    if (step == SERVER_STOP_KILL) {
        server_processes_signal(cluster, SIGKILL);
    }
    *message = is_new ? server_stop_message(step) : NULL;
    return false;
}

void server_stop_wait(const struct cluster *cluster)
{
    struct server_stop stop = {0};
    const char *message = NULL;
    while (!server_stop_continue(&stop, cluster, clock_monotonic_ms(clock_system()), &message)) {
        clock_sleep_ms(clock_system(), SERVER_STOP_POLL_MS);
    }
}
