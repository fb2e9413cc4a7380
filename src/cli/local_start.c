/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* `dsql local init` and `start`.  Standard output has the result, standard error the progress. */
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "cli/shell_quote.h"
#include "local/cluster_lock.h"
#include "local/supervisor.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>

/*
 * What a script may want goes to standard output: the endpoint, and a line that can be copied
 * into a shell as it is, with --dir in it only if it was given.  The explanation between them
 * goes where the progress goes.  Standard output has nothing else, so a script may read it.
 */
static void print_ready(const struct cluster *cluster, int port, bool is_json, const char *dir)
{
    if (is_json) {
        printf("{\"endpoint\": \"%s\", \"port\": %d, \"pid\": %d}\n", cluster->endpoint, port,
               (int)cluster_lock_holder(cluster));
        return;
    }
    printf("%s (port %d)\n", cluster->endpoint, port);
    fflush(stdout); /* before the line on standard error */
    fprintf(stderr, "to use it in this shell, run:\n");
    printf("eval \"$(dsql local env");
    if (dir != NULL) {
        printf(" --dir ");
        print_shell_quoted(cluster->dir);
    }
    printf(")\"\n");
}

/* Standard output stays empty: there is no port yet. */
int local_init_run(const struct command_line *line)
{
    struct cluster cluster;
    int opened = local_open(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (cluster_lock_holder(&cluster) > 0) {
        fprintf(stderr, "the cluster exists and is running\n");
        return EXIT_DONE;
    }
    struct start_options options = {
        .pg_bindir = command_value(line, "pg-bindir"),
        .extension_dir = command_value(line, "extension-dir"),
        .is_init_only = true,
        .progress = local_print_progress,
    };
    int port = 0;
    dsql_error err = {0};
    return supervisor_start(&cluster, &options, &port, &err) == DSQL_OK ? EXIT_DONE
                                                                        : cli_fail(&err);
}

/*
 * The settings of the extension that inject conflicts.  settings points into the struct, so it
 * must not be copied.
 */
struct injection {
    char share[64];
    char seed[64];
    const char *settings[3]; /* and a NULL */
};

/* The negated comparison refuses NaN too. */
static bool read_share(const struct command_line *line, const char *value, double *out)
{
    char *end = NULL;
    *out = strtod(value, &end);
    if (end == value || *end != '\0' || !(*out >= 0 && *out <= 1)) {
        command_usage(line->command, "--inject-conflicts must be a number from 0 to 1");
        return false;
    }
    return true;
}

/*
 * Prints what is wrong and returns false.  A fraction of 0 is the default and needs no setting.
 * A seed of 0 means that none was given.
 */
static bool read_injection(const struct command_line *line, struct injection *injection)
{
    const char *value = command_value(line, "inject-conflicts");
    double share = 0;
    int seed = 0;
    size_t count = 0;
    *injection = (struct injection){0};
    if (!command_number(line, "inject-seed", 1, INT_MAX, &seed) ||
        (value != NULL && !read_share(line, value, &share))) {
        return false;
    }
    if (share > 0) {
        snprintf(injection->share, sizeof injection->share, "dsql_local.inject_conflicts=%.9f",
                 share);
        injection->settings[count++] = injection->share;
    }
    if (seed > 0) {
        snprintf(injection->seed, sizeof injection->seed, "dsql_local.inject_seed=%d", seed);
        injection->settings[count++] = injection->seed;
    }
    return true;
}

/* A cluster must not be reached from other machines: its keys are in a file. */
static bool check_listen(const struct command_line *line)
{
    const char *address = command_value(line, "listen");
    struct in_addr numbers;
    if (address == NULL) {
        return true;
    }
    if (inet_pton(AF_INET, address, &numbers) != 1 ||
        ntohl(numbers.s_addr) >> 24 != IN_LOOPBACKNET) {
        command_usage(line->command,
                      "--listen must be an address from 127.0.0.1 to 127.255.255.254");
        return false;
    }
    return true;
}

/*
 * A running cluster keeps what these options would have changed.  Saying nothing would be worse
 * than failing: a test would believe that conflicts are injected.
 */
static void report_already_running(const struct command_line *line)
{
    fprintf(stderr, "the cluster is already running\n");
    if (command_has(line, "inject-conflicts") || command_has(line, "inject-seed")) {
        fprintf(stderr, "conflicts are not injected: stop the cluster first, or use "
                        "SELECT sys.inject_conflicts()\n");
    }
    if (command_has(line, "port")) {
        fprintf(stderr, "the port does not change: stop the cluster first\n");
    }
    if (command_has(line, "listen")) {
        fprintf(stderr, "the address does not change: stop the cluster first\n");
    }
}

/*
 * The cluster is opened again after the start, because a cluster that was just created did not
 * have an endpoint before.
 */
int local_start_run(const struct command_line *line)
{
    struct cluster cluster;
    int port = START_PORT_DEFAULT;
    bool is_json = false;
    struct injection injection;
    if (!command_number(line, "port", 0, 65535, &port) || !command_wants_json(line, &is_json) ||
        !check_listen(line) || !read_injection(line, &injection)) {
        return EXIT_USAGE;
    }
    int opened = local_open(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    /* Starting twice is not an error: scripts can always call start. */
    if (cluster_lock_holder(&cluster) > 0) {
        report_already_running(line);
        print_ready(&cluster, cluster_last_port(&cluster), is_json, command_value(line, "dir"));
        return EXIT_DONE;
    }
    struct start_options options = {
        .pg_bindir = command_value(line, "pg-bindir"),
        .extension_dir = command_value(line, "extension-dir"),
        .settings = injection.settings,
        .listen_address = command_value(line, "listen"),
        .port = port,
        .progress = local_print_progress,
    };
    dsql_error err = {0};
    if (supervisor_start(&cluster, &options, &port, &err) != DSQL_OK ||
        cluster_open(&cluster, command_value(line, "dir"), &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    print_ready(&cluster, port, is_json, command_value(line, "dir"));
    return EXIT_DONE;
}
