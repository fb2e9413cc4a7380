/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * `dsql local run`: a cluster of its own for one command.
 *
 * A guardian, which is a child process, deletes the cluster when this process ends.  It waits for
 * the end of a pipe, so nothing is left behind even after SIGKILL.
 */
#include "base/error.h"
#include "base/platform.h"
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "cli/local_environment.h"
#include "cli/local_injection.h"
#include "local/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* As shells: a program that is not found, one that cannot be run, one that a signal has ended. */
enum { EXIT_NOT_FOUND = 127, EXIT_NOT_RUN = 126, EXIT_SIGNAL = 128, DIRECTORY_SIZE = 128 };

struct run {
    char directory[DIRECTORY_SIZE]; /* the cluster is in it */
    struct cluster cluster;
    pid_t guardian; /* 0: none yet */
    int guarded;    /* the pipe that the guardian waits for */
};

/* For the signal handler. */
static volatile sig_atomic_t program; /* its process id; 0: not started */

/* ---- The directory and its guardian ---- */

/* 0711: the server runs as another user if this one is root. */
static dsql_status make_directory(struct run *run, dsql_error *err)
{
    const char *parent = getenv("TMPDIR");
    int len = snprintf(run->directory, sizeof run->directory, "%s/dsql-run.XXXXXX",
                       parent == NULL || *parent == '\0' ? "/tmp" : parent);
    if (len < 0 || (size_t)len >= sizeof run->directory) {
        return fail(err, DSQL_ERR_USAGE,
                    "the path in TMPDIR is too long. Set TMPDIR to a shorter one");
    }
    if (mkdtemp(run->directory) == NULL || chmod(run->directory, 0711) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create the directory \"%s\"",
                          run->directory);
    }
    char path[DIRECTORY_SIZE + 16];
    snprintf(path, sizeof path, "%s/cluster", run->directory);
    dsql_status status = cluster_locate(&run->cluster, path, err);
    if (status != DSQL_OK) {
        rmdir(run->directory);
    }
    return status;
}

/* Returns the exit status of the guardian. */
static int delete_cluster(const struct run *run)
{
    dsql_error err = {0};
    if (supervisor_destroy(&run->cluster, local_print_progress, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    if (rmdir(run->directory) != 0) {
        cli_error("could not remove \"%s\": %s", run->directory, strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

/* A session of its own, so that no signal of the terminal reaches it. */
static void guard(const struct run *run, int end)
{
    char byte;
    setsid();
    while (read(end, &byte, 1) < 0 && errno == EINTR) {
    }
    _exit(delete_cluster(run));
}

static dsql_status start_guardian(struct run *run, dsql_error *err)
{
    int ends[2];
    if (platform_pipe(ends) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create a pipe");
    }
    run->guardian = fork();
    if (run->guardian == 0) {
        close(ends[1]);
        guard(run, ends[0]);
    }
    close(ends[0]);
    run->guarded = ends[1];
    return run->guardian > 0 ? DSQL_OK
                             : fail_errno(err, DSQL_ERR_SYSTEM, "could not start a process");
}

/* The guardian has printed its error. */
static int end_guardian(struct run *run)
{
    int status = 0;
    close(run->guarded);
    while (waitpid(run->guardian, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

/* ---- The program ---- */

/* Passes SIGTERM and SIGHUP on; their effect on the program decides what happens next. */
static void pass_on(int number)
{
    if (program > 0) {
        kill((pid_t)program, number);
    }
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/*
 * The terminal sends SIGINT and SIGQUIT to the program as well, which decides; system(3) ignores
 * them too.
 */
static void handle_signals(void)
{
    handle(SIGINT, SIG_IGN);
    handle(SIGQUIT, SIG_IGN);
    handle(SIGTERM, pass_on);
    handle(SIGHUP, pass_on);
}

static bool set_environment(const struct local_environment *environment)
{
    for (const struct local_variable *v = environment->variables; v->name != NULL; v++) {
        int failed = v->value == NULL ? unsetenv(v->name) : setenv(v->name, v->value, 1);
        if (failed != 0) {
            cli_error("could not set %s: %s", v->name, strerror(errno));
            return false;
        }
    }
    return true;
}

/* In the child.  What exec() keeps must be as the caller of dsql had it. */
static void become(char **argv)
{
    handle(SIGINT, SIG_DFL);
    handle(SIGQUIT, SIG_DFL);
    execvp(argv[0], argv);
    int reason = errno;
    cli_error("could not run \"%s\": %s", argv[0], strerror(reason));
    _exit(reason == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN);
}

/* Returns the exit status of the program, as a shell would. */
static int run_program(char **argv)
{
    int status = 0;
    handle_signals();
    pid_t child = fork();
    if (child == 0) {
        become(argv);
    }
    if (child < 0) {
        cli_error("could not start a process: %s", strerror(errno));
        return EXIT_FAILED;
    }
    program = child;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    program = 0;
    return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- The command ---- */

/* A test's own output is not mixed with that of a start that succeeds. */
static void print_nothing(const char *line)
{
    (void)line;
}

/*
 * The data need not survive a crash of the machine, as the cluster does not: with these, a COMMIT
 * does not wait for the disk.
 */
static const char *const not_durable[] = {"fsync=off", "full_page_writes=off"};

enum {
    NOT_DURABLE = sizeof not_durable / sizeof *not_durable,
    SETTINGS_SIZE = 8 /* with those of the injection and a NULL */
};

static void add_settings(const char *settings[SETTINGS_SIZE],
                         const struct local_injection *injection)
{
    size_t count = 0;
    for (size_t i = 0; i < NOT_DURABLE; i++) {
        settings[count++] = not_durable[i];
    }
    for (size_t i = 0; injection->settings[i] != NULL && count < SETTINGS_SIZE - 1; i++) {
        settings[count++] = injection->settings[i];
    }
    settings[count] = NULL;
}

static dsql_status start(struct run *run, const struct command_line *line,
                         const struct local_injection *injection, dsql_error *err)
{
    const char *settings[SETTINGS_SIZE];
    struct start_options options = {
        .pg_bindir = command_value(line, "pg-bindir"),
        .extension_dir = command_value(line, "extension-dir"),
        .settings = settings,
        .port = 0,
        .is_throw_away = true,
        .progress = print_nothing,
    };
    int port = 0;
    add_settings(settings, injection);
    dsql_status status = supervisor_start(&run->cluster, &options, &port, err);
    return status == DSQL_OK ? cluster_read_settings(&run->cluster, err) : status;
}

/* The cluster runs.  The variables stay in this process's environment, which ends soon. */
static int run_in_cluster(const struct run *run, const struct command_line *line)
{
    struct local_environment environment;
    dsql_error err = {0};
    int status = EXIT_FAILED;
    if (local_environment_read(&environment, &run->cluster, command_value(line, "user"), &err) !=
        DSQL_OK) {
        status = cli_fail(&err);
    } else if (set_environment(&environment)) {
        status = run_program(line->rest);
    }
    local_environment_clear(&environment);
    return status;
}

int local_run_run(const struct command_line *line)
{
    struct run run = {0};
    struct local_injection injection;
    dsql_error err = {0};
    if (line->rest_count == 0) {
        return command_usage(line->command, "no program given: write it after --, as in "
                                            "'dsql local run -- make check'");
    }
    if (!local_injection_read(line, &injection)) {
        return EXIT_USAGE;
    }
    if (make_directory(&run, &err) != DSQL_OK || start_guardian(&run, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    int status = start(&run, line, &injection, &err) == DSQL_OK ? run_in_cluster(&run, line)
                                                                : cli_fail(&err);
    int deleted = end_guardian(&run);
    return status != EXIT_DONE ? status : deleted;
}
