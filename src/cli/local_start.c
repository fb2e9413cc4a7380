/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* `dsql local init` and `start`.  Standard output has the result, standard error the progress. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "cli/local_login.h"
#include "cli/local_start_options.h"
#include "cli/shell_quote.h"
#include "local/cluster_lock.h"
#include "local/supervisor.h"
#include "local/wait.h"

#include <string.h>

enum { POLL_MS = 20 };

/*
 * What a script may want goes to standard output: the endpoint, and a line that can be copied
 * into a shell as it is, with --dir in it only if it was given.  The explanation between them
 * goes where the progress goes.  Standard output has nothing else, so a script may read it.
 */
static void print_ready(const struct cluster *cluster, bool is_json, const char *dir)
{
    struct cluster_state state;
    cluster_read_state(cluster, &state);
    if (is_json) {
        printf("{\"endpoint\": \"%s\", \"port\": %d, \"pid\": %d}\n", cluster->endpoint, state.port,
               (int)state.pid);
        return;
    }
    printf("%s (port %d)\n", cluster->endpoint, state.port);
    fflush(stdout); /* before the line on standard error */
    fprintf(stderr, "to use it in this shell, run:\n");
    printf("eval \"$(dsql local env");
    if (dir != NULL) {
        printf(" --dir ");
        print_shell_quoted(cluster->dir);
    }
    printf(")\"\n");
}

/*
 * Starting is one of several things that may have to be done first: another command may start or
 * stop the cluster at this moment, or PostgreSQL may be recovering.  Each round looks again.
 */
struct startup {
    struct cluster *cluster;
    const struct start_options *options;
    struct wait wait;
    int port;
    bool is_running; /* the cluster serves */
    bool was_running;
};

static void print_wait(struct startup *startup, const char *what)
{
    char line[160];
    if (wait_is_note_due(&startup->wait)) {
        snprintf(line, sizeof line, "%s (%lld s)", what,
                 (long long)(wait_elapsed_ms(&startup->wait) / 1000));
        local_print_progress(line);
    }
}

/* Only a login shows that the cluster serves.  A server that is recovering is waited for. */
static dsql_status check_login(struct startup *startup, dsql_error *err)
{
    dsql_error answer = {0};
    struct cluster_process process;
    dsql_status status = cluster_read_settings(startup->cluster, err);
    if (status != DSQL_OK || local_login_try(startup->cluster, &answer) == DSQL_OK) {
        startup->is_running = status == DSQL_OK;
        return status;
    }
    status = cluster_lock_read(startup->cluster, &process, err);
    bool is_recovering = strcmp(answer.sqlstate, "57P03") == 0;
    if (status != DSQL_OK || process.phase != CLUSTER_RUNNING || is_recovering) {
        return status;
    }
    return fail(err, DSQL_ERR_SYSTEM,
                "the cluster is running (process %d), but a login through its gateway failed: %s. "
                "See 'dsql local logs', or stop it with 'dsql local stop'",
                (int)process.pid, answer.message);
}

/*
 * If another command was faster, the next round sees what it did.  A start of our own is tried by a
 * login at once.
 */
static dsql_status start_or_yield(struct startup *startup, dsql_error *err)
{
    dsql_error own = {0};
    dsql_status status = supervisor_start(startup->cluster, startup->options, &startup->port, &own);
    startup->is_running = status == DSQL_OK && startup->options->is_init_only;
    startup->was_running = status != DSQL_OK;
    startup->wait = wait_begin(clock_system()); /* the start has reported its own progress */
    if (status == DSQL_OK && !startup->is_running) {
        return check_login(startup, err);
    }
    if (status != DSQL_OK && cluster_lock_is_busy(&own)) {
        return DSQL_OK;
    }
    *err = own;
    return status;
}

static dsql_status advance(struct startup *startup, dsql_error *err)
{
    struct cluster_process process;
    dsql_status status = cluster_lock_read(startup->cluster, &process, err);
    if (status != DSQL_OK) {
        return status;
    }
    switch (process.phase) {
    case CLUSTER_STOPPED:
        return start_or_yield(startup, err);
    case CLUSTER_RUNNING:
        startup->is_running = startup->options->is_init_only;
        return startup->is_running ? DSQL_OK : check_login(startup, err);
    case CLUSTER_STOPPING:
        print_wait(startup, "waiting until the cluster has stopped");
        return supervisor_finish_stop(startup->cluster, process.pid, local_print_progress, err);
    case CLUSTER_RESTARTING:
        if (supervisor_is_hopeless(startup->cluster, process.pid, err)) {
            return DSQL_ERR_SYSTEM;
        }
        print_wait(startup, "waiting until PostgreSQL has been started again");
        return DSQL_OK;
    case CLUSTER_STARTING:
        print_wait(startup, "waiting until another command has started the cluster");
        return DSQL_OK;
    }
    return DSQL_OK;
}

static dsql_status start_cluster(struct startup *startup, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    startup->was_running = true;
    startup->wait = wait_begin(clock_system());
    while (status == DSQL_OK && !startup->is_running) {
        status = advance(startup, err);
        if (status == DSQL_OK && !startup->is_running) {
            print_wait(startup, "waiting until the cluster accepts connections");
            clock_sleep_ms(clock_system(), POLL_MS);
        }
    }
    return status;
}

/* Standard output stays empty: there is no port yet. */
int local_init_run(const struct command_line *line)
{
    struct cluster cluster;
    int found = local_find(line, &cluster);
    if (found != EXIT_DONE) {
        return found;
    }
    struct start_options options = {
        .pg_bindir = command_value(line, "pg-bindir"),
        .extension_dir = command_value(line, "extension-dir"),
        .is_init_only = true,
        .progress = local_print_progress,
    };
    struct startup startup = {.cluster = &cluster, .options = &options};
    dsql_error err = {0};
    if (start_cluster(&startup, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    if (startup.was_running) {
        fprintf(stderr, "the cluster exists and is running\n");
    }
    return EXIT_DONE;
}

/*
 * A running cluster keeps what these options would have changed.  Saying nothing would be worse
 * than failing: a test would believe that conflicts are injected.
 */
static void report_already_running(const struct command_line *line)
{
    static const struct {
        const char *option;
        const char *words;
    } kept[] = {
        {"port", "the port does not change: stop the cluster first"},
        {"listen", "the address does not change: stop the cluster first"},
        {"endpoint", "the endpoint does not change: stop the cluster first"},
        {"server-names", "the names of the server do not change: stop the cluster first"},
        {"access-key", "the access key does not change: stop the cluster first"},
        {"init-dir", "the init scripts are not run: stop the cluster first"},
    };
    fprintf(stderr, "the cluster is already running\n");
    if (command_has(line, "inject-conflicts") || command_has(line, "inject-seed")) {
        fprintf(stderr, "conflicts are not injected: stop the cluster first, or use "
                        "SELECT sys.inject_conflicts()\n");
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (command_has(line, kept[i].option)) {
            fprintf(stderr, "%s\n", kept[i].words);
        }
    }
}

static int start_in_background(const struct command_line *line, bool is_json,
                               const struct start_options *options)
{
    struct cluster cluster;
    int found = local_find(line, &cluster);
    if (found != EXIT_DONE) {
        return found;
    }
    struct startup startup = {.cluster = &cluster, .options = options};
    dsql_error err = {0};
    if (start_cluster(&startup, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    /* Starting twice is not an error: scripts can always call start. */
    if (startup.was_running) {
        report_already_running(line);
    }
    print_ready(&cluster, is_json, command_value(line, "dir"));
    return EXIT_DONE;
}

int local_start_run(const struct command_line *line)
{
    struct local_start_options start;
    bool is_json = false;
    if (command_has(line, "foreground")) {
        return local_foreground_run(line);
    }
    if (!command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    int status = local_start_options_read(line, &start);
    if (status == EXIT_DONE) {
        status = start_in_background(line, is_json, &start.options);
    }
    local_start_options_clear(&start);
    return status;
}
