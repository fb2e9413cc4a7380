/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The child process of child.h.  It is made with posix_spawn(): between fork() and exec() in a
 * process with threads only async-signal-safe functions may be called, and posix_spawn() does all
 * that is needed.
 *
 * No waiting here relies on SIGCHLD, because handlers and masks belong to the program that uses
 * the library.  The child and its pipe are looked at again after short waits instead.  This file
 * does not know what the child prints.
 */
#include "credentials/sources/child.h"

#include "base/platform.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* Bytes; milliseconds between two looks at the child; the first descriptor to close. */
enum { CHUNK_SIZE = 4096, EXIT_CHECK_MS = 5, END_CHECK_MS = 100, FIRST_OTHER_FD = 3 };

extern char **environ; /* POSIX has it, but no header that declares it */

struct child {
    pid_t pid;
    int output; /* the end of the pipe that we read */
    const struct clock *clock;
    int64_t deadline_ms;
};

/* ---- Starting ---- */

/*
 * The pipe comes first: if the program had closed a standard descriptor, the pipe may have got
 * its number, and the other actions would then close it.
 */
static int add_actions(posix_spawn_file_actions_t *actions, int output)
{
    int failure = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (failure == 0) {
        failure = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    if (failure == 0) {
        failure =
            posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (failure == 0) {
        failure = platform_spawn_close_from(actions, FIRST_OTHER_FD);
    }
    return failure;
}

/*
 * An ignored signal stays ignored over exec(), and a mask is inherited, so both are reset.  The
 * process group of its own lets kill_group() reach the processes that the child starts.
 */
static int add_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    int failure = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    if (failure == 0) {
        failure = posix_spawnattr_setpgroup(attributes, 0);
    }
    if (failure == 0) {
        failure = posix_spawnattr_setsigdefault(attributes, &all);
    }
    return failure == 0 ? posix_spawnattr_setsigmask(attributes, &none) : failure;
}

/* Returns an errno value, or 0 if the child runs.  Both objects are destroyed on every path. */
static int spawn(char *const *words, int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0) {
        return failure;
    }
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
        failure = add_actions(&actions, output);
        if (failure == 0) {
            failure = add_attributes(&attributes);
        }
        if (failure == 0) {
            failure = posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/*
 * Our copy of the writing end is closed at once: as long as it were open, reading would never
 * reach the end of the output. platform_pipe() sets close-on-exec, so that a process which
 * another thread starts meanwhile does not keep the pipe either.
 */
static bool start(char *const *words, struct child *child)
{
    int ends[2];
    if (platform_pipe(ends) != 0) {
        return false;
    }
    int failure = spawn(words, ends[1], &child->pid);
    close(ends[1]);
    if (failure != 0) {
        close(ends[0]);
        errno = failure;
        return false;
    }
    child->output = ends[0];
    return true;
}

/* ---- Reading ---- */

/*
 * At most END_CHECK_MS, because the end of the child does not wake poll() while another process
 * holds the pipe.  0: the deadline has passed.
 */
static int next_wait_ms(const struct child *child)
{
    int64_t left = child->deadline_ms - clock_monotonic_ms(child->clock);
    if (left <= 0) {
        return 0;
    }
    return (int)(left < END_CHECK_MS ? left : END_CHECK_MS);
}

/*
 * WNOWAIT leaves the status for wait_for_exit().  A failure means that the status was lost (see
 * there), so the child has ended as well.
 */
static bool has_ended(const struct child *child)
{
    siginfo_t info = {.si_pid = 0};
    int failure = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return failure != 0 || info.si_pid == child->pid;
}

/*
 * POLLHUP counts too: read() then returns 0, which is the end.  An interrupted poll() counts as
 * not readable, and the caller looks again.
 */
static bool is_readable(const struct child *child, int wait_ms)
{
    struct pollfd fd = {.fd = child->output, .events = POLLIN};
    return poll(&fd, 1, wait_ms) > 0;
}

/*
 * A pipe ends when the last process that holds it has ended, which may be one that the child left
 * in the background.  So the end of the child is an end as well.  *is_over is then true if
 * nothing is left in the pipe.
 */
static enum child_result wait_for_output(const struct child *child, bool *is_over)
{
    for (;;) {
        int left = next_wait_ms(child);
        if (left == 0) {
            return CHILD_TIMED_OUT;
        }
        if (is_readable(child, left)) {
            return CHILD_DONE;
        }
        if (has_ended(child)) {
            *is_over = !is_readable(child, 0);
            return CHILD_DONE;
        }
    }
}

/* The chunk may contain a secret key, so the stack is wiped. */
static ssize_t read_chunk(int fd, struct buf *output)
{
    char chunk[CHUNK_SIZE];
    ssize_t got;
    do {
        got = read(fd, chunk, sizeof chunk);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        buf_add(output, chunk, (size_t)got);
    }
    secret_wipe(chunk, sizeof chunk);
    return got;
}

/*
 * Reads up to the end of the output.  A buffer that is not ok has either reached its maximum or
 * found no memory; the room it had before tells the two apart.
 */
static enum child_result read_output(const struct child *child, struct buf *output)
{
    ssize_t got;
    bool is_over = false;
    do {
        enum child_result result = wait_for_output(child, &is_over);
        if (result != CHILD_DONE || is_over) {
            return result;
        }
        size_t room = output->max - output->len;
        got = read_chunk(child->output, output);
        if (got < 0) {
            return CHILD_UNREADABLE;
        }
        if (!buf_ok(output)) {
            errno = ENOMEM;
            return (size_t)got > room ? CHILD_TOO_MUCH : CHILD_UNREADABLE;
        }
    } while (got > 0);
    return CHILD_DONE;
}

/* ---- Ending ---- */

/* *detail is the signal or the exit status, for the message. */
static enum child_result result_of(int status, int *detail)
{
    if (WIFSIGNALED(status)) {
        *detail = WTERMSIG(status);
        return CHILD_KILLED;
    }
    *detail = WEXITSTATUS(status);
    return *detail == 0 ? CHILD_DONE : CHILD_FAILED;
}

/*
 * The child has closed its output but may still run.  ECHILD means that the process ignores
 * SIGCHLD or that a handler collected the child first.  The status is lost then, and the output
 * alone decides.
 */
static enum child_result wait_for_exit(const struct child *child, int *detail)
{
    for (;;) {
        int status = 0;
        pid_t ended = waitpid(child->pid, &status, WNOHANG);
        if (ended == child->pid) {
            return result_of(status, detail);
        }
        if (ended < 0 && errno == ECHILD) {
            return CHILD_DONE;
        }
        if (next_wait_ms(child) == 0) {
            return CHILD_TIMED_OUT;
        }
        poll(NULL, 0, EXIT_CHECK_MS);
    }
}

/*
 * The group includes what the command has started itself. waitpid() leaves no zombie behind in a
 * program that does not know about the child. errno is kept for the caller's message.
 */
static void kill_group(const struct child *child)
{
    int saved = errno;
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL); /* should it have left its group */
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    errno = saved;
}

/*
 * The pipe is closed before the wait for the exit, so that a child which still writes gets
 * SIGPIPE or EPIPE and does not block until the deadline.
 */
enum child_result child_run(char *const *words, const struct clock *clock, int timeout_ms,
                            struct buf *output, int *detail)
{
    struct child child = {.clock = clock};
    *detail = 0;
    child.deadline_ms = clock_monotonic_ms(clock) + timeout_ms;
    if (!start(words, &child)) {
        return CHILD_NOT_RUN;
    }
    enum child_result result = read_output(&child, output);
    int saved = errno;
    close(child.output);
    if (result == CHILD_DONE) {
        result = wait_for_exit(&child, detail);
    }
    if (result != CHILD_DONE && result != CHILD_FAILED && result != CHILD_KILLED) {
        kill_group(&child);
    }
    errno = saved;
    return result;
}
