/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* dsql local: the local cluster's life, from the command line. */
#include "base/error.h"
#include "cli/commands.h"
#include "local/backup.h"
#include "local/cluster.h"
#include "local/database.h"
#include "local/file.h"
#include "local/identity.h"
#include "local/role_mapping.h"
#include "local/supervisor.h"

#include <libpq-fe.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTION_PG_BINDIR                                                                           \
    {                                                                                              \
        "pg-bindir", 0, "DIR", "where initdb and postgres are"                                     \
    }
#define OPTION_EXTENSION_DIR                                                                       \
    {                                                                                              \
        "extension-dir", 0, "DIR", "where dsql_local.so is"                                        \
    }
#define OPTION_OUTPUT                                                                              \
    {                                                                                              \
        "output", 0, "FORMAT", "text or json"                                                      \
    }

/* EXIT_DONE, or what the command is to exit with. */
static int open_cluster(const struct command_line *line, struct cluster *cluster)
{
    dsql_error err = {0};
    dsql_status status = cluster_open(cluster, command_value(line, "dir"), &err);
    return status == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}

/* For commands that need one: says how to get it. */
static int open_running(const struct command_line *line, struct cluster *cluster)
{
    int status = open_cluster(line, cluster);
    if (status == EXIT_DONE && cluster_running_pid(cluster) == 0) {
        fprintf(stderr, "dsql: no cluster runs in %s: start it with 'dsql local start'\n",
                cluster->dir);
        status = EXIT_FAILED;
    }
    return status;
}

static void print_progress(const char *line)
{
    fprintf(stderr, "%s ...\n", line);
}

/* A folder in single quotes for a shell, whatever its name. */
static void print_quoted(const char *value)
{
    putchar('\'');
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\'') {
            fputs("'\\''", stdout);
        } else {
            putchar(*c);
        }
    }
    putchar('\'');
}

static void print_ready(const struct cluster *cluster, int port, bool is_json, const char *dir)
{
    if (is_json) {
        printf("{\"endpoint\": \"%s\", \"port\": %d, \"pid\": %d}\n", cluster->endpoint, port,
               (int)cluster_running_pid(cluster));
        return;
    }
    printf("%s (port %d)\n", cluster->endpoint, port);
    printf("eval \"$(dsql local env");
    if (dir != NULL) {
        printf(" --dir ");
        print_quoted(cluster->dir);
    }
    printf(")\"\n");
}

static int run_init(const struct command_line *line)
{
    struct cluster cluster;
    int opened = open_cluster(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (cluster_running_pid(&cluster) > 0) {
        fprintf(stderr, "already initialised and running\n");
        return EXIT_DONE;
    }
    struct supervisor_options options = {
        .pg_bindir = command_value(line, "pg-bindir"),
        .extension_dir = command_value(line, "extension-dir"),
        .is_init_only = true,
        .progress = print_progress,
    };
    int port = 0;
    dsql_error err = {0};
    return supervisor_start(&cluster, &options, &port, &err) == DSQL_OK ? EXIT_DONE
                                                                        : cli_fail(&err);
}

/* For conflicts on purpose: settings of the extension. */
struct injection {
    char share[64];
    char seed[64];
    const char *settings[3]; /* and a NULL */
};

static bool read_share(const struct command_line *line, const char *value, double *out)
{
    char *end = NULL;
    *out = strtod(value, &end);
    if (end == value || *end != '\0' || !(*out >= 0 && *out <= 1)) {
        command_usage(line->command, "--inject-conflicts takes a number from 0 to 1");
        return false;
    }
    return true;
}

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

/* What was asked for beside that takes a start, or does without one. */
static void say_already_running(const struct command_line *line)
{
    fprintf(stderr, "already running\n");
    if (command_has(line, "inject-conflicts") || command_has(line, "inject-seed")) {
        fprintf(stderr, "conflicts are not injected: use SELECT sys.inject_conflicts(), or "
                        "stop it first\n");
    }
    if (command_has(line, "port")) {
        fprintf(stderr, "it stays at its port; for another one stop it first\n");
    }
}

static int run_start(const struct command_line *line)
{
    struct cluster cluster;
    int port = SUPERVISOR_PORT_ANY_NEAR;
    bool is_json = false;
    struct injection injection;
    if (!command_number(line, "port", 0, 65535, &port) || !command_wants_json(line, &is_json) ||
        !read_injection(line, &injection)) {
        return EXIT_USAGE;
    }
    int opened = open_cluster(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (cluster_running_pid(&cluster) > 0) {
        say_already_running(line);
        print_ready(&cluster, cluster_last_port(&cluster), is_json, command_value(line, "dir"));
        return EXIT_DONE;
    }
    struct supervisor_options options = {
        .pg_bindir = command_value(line, "pg-bindir"),
        .extension_dir = command_value(line, "extension-dir"),
        .settings = injection.settings,
        .port = port,
        .progress = print_progress,
    };
    dsql_error err = {0};
    if (supervisor_start(&cluster, &options, &port, &err) != DSQL_OK ||
        cluster_open(&cluster, command_value(line, "dir"), &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    print_ready(&cluster, port, is_json, command_value(line, "dir"));
    return EXIT_DONE;
}

static int run_stop(const struct command_line *line)
{
    struct cluster cluster;
    bool was_running = false;
    dsql_error err = {0};
    int opened = open_cluster(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (supervisor_stop(&cluster, &was_running, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    fprintf(stderr, was_running ? "stopped\n" : "was not running\n");
    return EXIT_DONE;
}

static int run_status(const struct command_line *line)
{
    struct cluster cluster;
    bool is_json = false;
    if (!command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    int opened = open_cluster(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    pid_t pid = cluster_running_pid(&cluster);
    int port = pid > 0 ? cluster_last_port(&cluster) : 0;
    if (is_json) {
        printf("{\"running\": %s, \"pid\": %d, \"port\": %d, \"endpoint\": \"%s\"}\n",
               pid > 0 ? "true" : "false", (int)pid, port, cluster.endpoint);
    } else if (pid > 0) {
        printf("running (pid %d) on port %d: %s\n", (int)pid, port, cluster.endpoint);
    } else {
        printf("not running\n");
    }
    return pid > 0 ? EXIT_DONE : EXIT_FAILED;
}

static void print_export(const char *name, const char *value)
{
    printf("export %s=", name);
    print_quoted(value);
    putchar('\n');
}

static int print_environment(const struct cluster *cluster, const char *user)
{
    char key_id[IDENTITY_KEY_ID_SIZE] = "";
    char port[16];
    struct gateway_identity identity = {0};
    dsql_error err = {0};
    if (identity_read_first(cluster->identities, key_id, &identity, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    snprintf(port, sizeof port, "%d", cluster_last_port(cluster));
    print_export("CLUSTER_ENDPOINT", cluster->endpoint);
    print_export("CLUSTER_USER", user == NULL ? "admin" : user);
    print_export("REGION", CLUSTER_REGION);
    print_export("AWS_REGION", CLUSTER_REGION);
    print_export("AWS_ACCESS_KEY_ID", key_id);
    print_export("AWS_SECRET_ACCESS_KEY", secret_string(&identity.secret_access_key));
    print_export("PGHOSTADDR", "127.0.0.1");
    print_export("PGPORT", port);
    print_export("PGSSLROOTCERT", cluster->ca);
    printf("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
    secret_clear(&identity.secret_access_key);
    secret_clear(&identity.session_token);
    return EXIT_DONE;
}

static int run_env(const struct command_line *line)
{
    struct cluster cluster;
    int opened = open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (command_has(line, "hosts")) {
        printf("127.0.0.1 %s\n", cluster.endpoint);
        return EXIT_DONE;
    }
    return print_environment(&cluster, command_value(line, "user"));
}

static bool has_files(const struct cluster *cluster)
{
    bool found = file_exists(cluster->settings) || file_exists(cluster->lock);
    if (!found) {
        fprintf(stderr, "dsql: there is no cluster in %s\n", cluster->dir);
    }
    return found;
}

static int run_logs(const struct command_line *line)
{
    struct cluster cluster;
    dsql_error err = {0};
    int opened = open_cluster(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (!has_files(&cluster)) {
        return EXIT_FAILED;
    }
    if (file_copy_to(cluster.daemon_log, STDOUT_FILENO, &err) != DSQL_OK ||
        (file_exists(cluster.postgres_log) &&
         file_copy_to(cluster.postgres_log, STDOUT_FILENO, &err) != DSQL_OK)) {
        return cli_fail(&err);
    }
    return EXIT_DONE;
}

static int run_destroy(const struct command_line *line)
{
    struct cluster cluster;
    bool was_running = false;
    dsql_error err = {0};
    int opened = open_cluster(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (!has_files(&cluster)) {
        return EXIT_FAILED;
    }
    if (supervisor_stop(&cluster, &was_running, &err) != DSQL_OK ||
        supervisor_destroy(&cluster, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    return EXIT_DONE;
}

/* ---- dsql local dump and restore ---- */

static int run_backup(const struct command_line *line,
                      dsql_status (*step)(const struct backup *, dsql_error *))
{
    struct cluster cluster;
    dsql_error err = {0};
    const struct backup backup = {
        .cluster = &cluster,
        .pg_bindir = command_value(line, "pg-bindir"),
        .file = command_argument(line, 0),
        .progress = print_progress,
    };
    if (backup.file == NULL) {
        return command_usage(line->command, "a file is missing");
    }
    int opened = open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    return step(&backup, &err) == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}

static int run_dump(const struct command_line *line)
{
    return run_backup(line, backup_dump);
}

static int run_restore(const struct command_line *line)
{
    return run_backup(line, backup_restore);
}

/* ---- dsql local iam ---- */

static int change_mapping(const struct command_line *line,
                          dsql_status (*change)(PGconn *, const char *, const char *, dsql_error *))
{
    struct cluster cluster;
    const char *role = command_argument(line, 0);
    const char *arn = command_value(line, "arn");
    dsql_error err = {0};
    if (role == NULL) {
        return command_usage(line->command, "a role is missing");
    }
    int opened = open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    PGconn *conn = database_connect(&cluster, "admin", &err);
    if (conn == NULL) {
        return cli_fail(&err);
    }
    dsql_status status = change(conn, role, arn == NULL ? IDENTITY_ADMIN_ARN : arn, &err);
    PQfinish(conn);
    return status == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}

static int run_iam_grant(const struct command_line *line)
{
    return change_mapping(line, role_mapping_grant);
}

static int run_iam_revoke(const struct command_line *line)
{
    return change_mapping(line, role_mapping_revoke);
}

static int run_iam_list(const struct command_line *line)
{
    struct cluster cluster;
    dsql_error err = {0};
    int opened = open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    PGconn *conn = database_connect(&cluster, "admin", &err);
    if (conn == NULL) {
        return cli_fail(&err);
    }
    PGresult *result =
        PQexec(conn, "SELECT pg_role_name, arn FROM sys.iam_pg_role_mappings ORDER BY 1, 2");
    for (int i = 0; i < PQntuples(result); i++) {
        printf("%s %s\n", PQgetvalue(result, i, 0), PQgetvalue(result, i, 1));
    }
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    PQfinish(conn);
    return ok ? EXIT_DONE : EXIT_FAILED;
}

/* ---- The table ---- */

/* All of them have it. */
static const struct command_option dir_option[] = {{"dir", 0, "DIR", "where the cluster lives"},
                                                   {0}};
static const struct command_option init_options[] = {OPTION_PG_BINDIR, OPTION_EXTENSION_DIR, {0}};
static const struct command_option backup_options[] = {OPTION_PG_BINDIR, {0}};
static const struct command_option status_options[] = {OPTION_OUTPUT, {0}};
static const struct command_option arn_options[] = {
    {"arn", 0, "ARN", "whose (default: the local identity's)"}, {0}};
static const struct command_option start_options[] = {
    OPTION_PG_BINDIR,
    OPTION_EXTENSION_DIR,
    {"inject-conflicts", 0, "SHARE", "make that share of commits fail with OC000, 0 to 1"},
    {"inject-seed", 0, "N", "which ones: the same with the same number"},
    {"port", 'p', "PORT", "where to listen; 0: any (default: last time's, or 5432 and up)"},
    OPTION_OUTPUT,
    {0},
};
static const struct command_option env_options[] = {
    {"user", 'U', "ROLE", "for CLUSTER_USER (default: admin)"},
    {"hosts", 0, NULL, "print the line for /etc/hosts instead"},
    {0},
};

static const struct command iam_commands[] = {
    {.name = "grant",
     .arguments = "ROLE",
     .summary = "Let an identity log in as a role",
     .description =
         "Makes the role, with LOGIN, when there is none.  It gets no rights: give it a schema\n"
         "as admin with CREATE SCHEMA myschema; GRANT USAGE, CREATE ON SCHEMA myschema TO ROLE;",
     .options = arn_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = run_iam_grant},
    {.name = "revoke",
     .arguments = "ROLE",
     .summary = "Take that back",
     .options = arn_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = run_iam_revoke},
    {.name = "list",
     .summary = "Print roles and who may be them",
     .shared_options = dir_option,
     .run = run_iam_list},
    {0},
};

const struct command local_commands[] = {
    {.name = "init",
     .summary = "Make a cluster without starting it",
     .options = init_options,
     .shared_options = dir_option,
     .run = run_init},
    {.name = "start",
     .summary = "Start it, making what is missing",
     .options = start_options,
     .shared_options = dir_option,
     .run = run_start},
    {.name = "stop", .summary = "Stop it", .shared_options = dir_option, .run = run_stop},
    {.name = "status",
     .summary = "Say whether it runs (exit status 0) or not (1)",
     .options = status_options,
     .shared_options = dir_option,
     .run = run_status},
    {.name = "env",
     .summary = "Print what a shell should export to use it",
     .options = env_options,
     .shared_options = dir_option,
     .run = run_env},
    {.name = "logs", .summary = "Print its logs", .shared_options = dir_option, .run = run_logs},
    {.name = "destroy",
     .summary = "Stop it and delete all of it",
     .shared_options = dir_option,
     .run = run_destroy},
    {.name = "dump",
     .arguments = "FILE",
     .summary = "Write roles, schemas and data to a file",
     .options = backup_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = run_dump},
    {.name = "restore",
     .arguments = "FILE",
     .summary = "Read them back, all or nothing",
     .description =
         "The cluster must not have any of the tables yet.  A file can run programs as you do:\n"
         "restore only what you trust.",
     .options = backup_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = run_restore},
    {.name = "iam", .summary = "Who may log in as which role", .commands = iam_commands},
    {0},
};
