/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * fork() and exec() without a shell.  The child's standard input is always /dev/null, so no
 * program can wait for input that nobody will give.  All descriptors of this project are
 * close-on-exec, so only the three standard ones pass on.
 */
#include "local/program.h"

#include "local/descriptor_limit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

void arguments_add(struct arguments *arguments, const char *value)
{
    if (arguments->count + 1 < sizeof arguments->values / sizeof *arguments->values) {
        /* exec() takes char *, and does not change the strings. */
        union {
            const char *given;
            char *taken;
        } argument = {.given = value};
        arguments->values[arguments->count] = argument.taken;
        arguments->count++;
    }
}

/* Only async-signal-safe calls.  dup2() clears close-on-exec for the three descriptors. */
_Noreturn void program_become(char *const argv[], int output_fd, int error_fd)
{
    descriptor_limit_restore();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(output_fd < 0 ? nothing : output_fd, STDOUT_FILENO);
    dup2(error_fd < 0 ? nothing : error_fd, STDERR_FILENO);
    execvp(argv[0], argv);
    /* As a shell has it for a command that cannot be run. */
    _exit(127);
}

/*
 * The pipe is closed once the buffer is full, so a program that goes on printing gets SIGPIPE and
 * counts as failed.
 */
bool program_first_line(char *const argv[], char *out, size_t size)
{
    int ends[2];
    out[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        program_become(argv, ends[1], -1);
    }
    close(ends[1]);
    size_t len = 0;
    ssize_t got = pid < 0 ? 0 : read(ends[0], out, size - 1);
    while (got > 0) {
        len += (size_t)got;
        got = len < size - 1 ? read(ends[0], out + len, size - 1 - len) : 0;
    }
    close(ends[0]);
    out[len] = '\0';
    out[strcspn(out, "\n")] = '\0';
    int status = -1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
