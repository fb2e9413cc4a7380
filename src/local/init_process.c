/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals are blocked and taken one by one, so there are no handlers and none is lost.
 */
#include "local/init_process.h"

#include "local/wiped_memory.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_NOT_STARTED = 1, EXIT_SIGNAL = 128, MS_IN_S = 1000, NS_IN_MS = 1000000 };

bool init_process_is_first(void)
{
    return getpid() == 1;
}

static const int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

static void block_signals(sigset_t *blocked, sigset_t *before)
{
    sigemptyset(blocked);
    sigaddset(blocked, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) {
        sigaddset(blocked, passed_on[i]);
    }
    sigprocmask(SIG_BLOCK, blocked, before);
}

/* Several ends may be one signal.  False: there is no child any more. */
static bool reap(pid_t child, int *status, bool *has_ended)
{
    int one = 0;
    pid_t pid = 0;
    while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
        if (pid == child) {
            *has_ended = true;
            *status = one;
        }
    }
    return pid == 0;
}

static int wait_for_child(pid_t child, const sigset_t *blocked)
{
    int status = 0;
    bool has_ended = false;
    while (!has_ended) {
        int number = 0;
        if (sigwait(blocked, &number) != 0) {
            continue;
        }
        if (number == SIGCHLD) {
            (void)reap(child, &status, &has_ended);
        } else {
            kill(child, number);
        }
    }
    return status;
}

/* A further SIGTERM changes nothing: they end, or are killed with this process. */
static void wait_for_rest(const struct clock *clock, int64_t rest_ms, const sigset_t *blocked)
{
    int64_t began = clock_monotonic_ms(clock);
    int64_t left = rest_ms;
    int status = 0;
    bool has_ended = false;
    while (left > 0 && reap(0, &status, &has_ended)) {
        const struct timespec limit = {.tv_sec = left / MS_IN_S,
                                       .tv_nsec = left % MS_IN_S * NS_IN_MS};
        (void)sigtimedwait(blocked, NULL, &limit);
        left = rest_ms - (clock_monotonic_ms(clock) - began);
    }
}

/*
 * The parent keeps no secret: the child has its own copy of the environment, and wipes it.  A child
 * that has ended by itself has stopped PostgreSQL.  One that was killed has not, and the kernel
 * has told PostgreSQL (PR_SET_PDEATHSIG).
 */
bool init_process_fork(const struct clock *clock, int64_t rest_ms, int *status)
{
    sigset_t blocked;
    sigset_t before;
    block_signals(&blocked, &before);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        return true;
    }
    if (child < 0) {
        fprintf(stderr, "dsql: could not start a process: %s\n", strerror(errno));
        *status = EXIT_NOT_STARTED;
        return false;
    }
    wiped_memory_clear_environment();
    int ended = wait_for_child(child, &blocked);
    if (WIFSIGNALED(ended)) {
        wait_for_rest(clock, rest_ms, &blocked);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    *status = WIFSIGNALED(ended) ? EXIT_SIGNAL + WTERMSIG(ended) : WEXITSTATUS(ended);
    return false;
}
