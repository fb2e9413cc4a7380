/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* `dsql proxy status`, `wait` and `env`: what the proxies of this user say of themselves. */
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "cli/commands.h"
#include "cli/proxy_ask.h"
#include "cli/proxy_commands.h"
#include "cli/proxy_dsn.h"
#include "cli/shell_quote.h"
#include "config/environment.h"
#include "proxy/password_file.h"

#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535, WAIT_MAX_S = 86400, WAIT_S = 60, WAIT_POLL_MS = 50, URL_MAX = 8192 };

/* Reads --port and --state-dir, and asks.  On failure *status is the exit status. */
static bool ask(const struct command_line *line, json_t **reports, int *status)
{
    struct proxy_places places;
    dsql_error err = {0};
    int port = 0;
    const char *state = command_value(line, "state-dir");
    *reports = NULL;
    if (!command_number(line, "port", 1, PORT_MAX, &port)) {
        *status = EXIT_USAGE;
        return false;
    }
    state = state == NULL ? environment_get("DSQL_PROXY_STATE_DIR") : state;
    if (proxy_places_find(&places, state, false, NULL, &err) != DSQL_OK ||
        proxy_ask_all(&places, port, reports, &err) != DSQL_OK) {
        json_decref(*reports);
        *status = cli_fail(&err);
        return false;
    }
    return true;
}

static const char *text_at(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static json_int_t counter_at(const json_t *cluster, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(cluster, "counters"), name));
}

static int fail_none(void)
{
    cli_error("no proxy is running. Start one with 'dsql proxy HOST'");
    return EXIT_FAILED;
}

/* ---- status ---- */

static void print_cluster(const json_t *report, const json_t *cluster)
{
    const json_t *age = json_object_get(cluster, "token_age_seconds");
    char age_text[32] = "-";
    if (json_is_integer(age)) {
        snprintf(age_text, sizeof age_text, "%lld s", (long long)json_integer_value(age));
    }
    printf("%-6lld %-50s %-10s %8lld %8lld %7lld %7lld %9s\n",
           (long long)json_integer_value(json_object_get(cluster, "port")),
           text_at(cluster, "host"), text_at(report, "condition"),
           (long long)counter_at(cluster, "clients"),
           (long long)counter_at(cluster, "clients_waiting"),
           (long long)counter_at(cluster, "servers_active"),
           (long long)counter_at(cluster, "servers_idle"), age_text);
}

static void print_table(const json_t *reports)
{
    size_t i = 0;
    const json_t *report = NULL;
    printf("%-6s %-50s %-10s %8s %8s %7s %7s %9s\n", "PORT", "CLUSTER", "CONDITION", "CLIENTS",
           "WAITING", "ACTIVE", "IDLE", "TOKEN");
    json_array_foreach(reports, i, report)
    {
        size_t j = 0;
        const json_t *cluster = NULL;
        json_array_foreach(json_object_get(report, "clusters"), j, cluster)
        {
            print_cluster(report, cluster);
        }
    }
}

int proxy_status_run(const struct command_line *line)
{
    json_t *reports = NULL;
    bool is_json = false;
    int status = EXIT_DONE;
    if (!command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    if (!ask(line, &reports, &status)) {
        return status;
    }
    bool is_empty = json_array_size(reports) == 0;
    if (is_json) {
        json_dumpf(reports, stdout, 0);
        putchar('\n');
    } else if (!is_empty) {
        print_table(reports);
    }
    json_decref(reports);
    return is_empty ? fail_none() : EXIT_DONE;
}

/* ---- wait ---- */

static bool is_each_ready(const json_t *reports)
{
    size_t i = 0;
    const json_t *report = NULL;
    json_array_foreach(reports, i, report)
    {
        const char *condition = text_at(report, "condition");
        if (condition == NULL || strcmp(condition, "ready") != 0) {
            return false;
        }
    }
    return json_array_size(reports) > 0;
}

int proxy_wait_run(const struct command_line *line)
{
    const struct clock *clock = clock_system();
    int timeout_s = WAIT_S;
    int status = EXIT_DONE;
    if (!command_number(line, "timeout", 0, WAIT_MAX_S, &timeout_s)) {
        return EXIT_USAGE;
    }
    int64_t end_ms = clock_monotonic_ms(clock) + (int64_t)timeout_s * 1000;
    bool is_ready = false;
    while (!is_ready) {
        json_t *reports = NULL;
        if (!ask(line, &reports, &status)) {
            return status;
        }
        is_ready = is_each_ready(reports);
        json_decref(reports);
        if (!is_ready && clock_monotonic_ms(clock) >= end_ms) {
            cli_error("no proxy was ready within %d s. Its log, or 'dsql doctor', says why",
                      timeout_s);
            return EXIT_CONNECT;
        }
        if (!is_ready) {
            clock_sleep_ms(clock, WAIT_POLL_MS);
        }
    }
    return EXIT_DONE;
}

/* ---- env ---- */

/* What a client needs, in libpq's names; NULL: to be unset. */
struct login {
    const char *host;
    char port[16];
    const char *user;
    const char *dbname;
    struct secret password;
    struct proxy_dsn dsn;
};

/* The socket, unless --tcp was given or there is none. */
static dsql_status read_login(struct login *login, const json_t *report, const json_t *cluster,
                              bool wants_tcp, dsql_error *err)
{
    const char *directory = text_at(report, "socket_directory");
    const char *address = text_at(report, "listen_address");
    const char *file = text_at(report, "password_file");
    int port = (int)json_integer_value(json_object_get(cluster, "port"));
    bool is_tcp = directory == NULL || (wants_tcp && address != NULL);
    if (directory == NULL && address == NULL) {
        return fail(err, DSQL_ERR_SYSTEM, "the proxy did not say where it listens");
    }
    dsql_status status = is_tcp && file != NULL
                             ? password_file_read_generated(file, &login->password, err)
                             : DSQL_OK;
    login->dsn = (struct proxy_dsn){
        .user = text_at(cluster, "user"),
        .dbname = text_at(cluster, "dbname"),
        .password = secret_is_empty(&login->password) ? NULL : secret_string(&login->password),
        .directory = is_tcp ? NULL : directory,
        .address = address,
        .port = port,
    };
    login->host = is_tcp ? proxy_dsn_address(address) : directory;
    login->user = login->dsn.user == NULL ? PROXY_DSN_USER : login->dsn.user;
    login->dbname = login->dsn.dbname == NULL ? PROXY_DSN_DBNAME : login->dsn.dbname;
    snprintf(login->port, sizeof login->port, "%d", port);
    return status;
}

/* For eval: so what is unset would lead elsewhere, or demand what the proxy does not offer. */
static void print_exports(const struct login *login)
{
    const char *const pairs[][2] = {
        {"PGHOST", login->host},
        {"PGPORT", login->port},
        {"PGUSER", login->user},
        {"PGDATABASE", login->dbname},
        {"PGPASSWORD", login->dsn.password},
        {"PGHOSTADDR", NULL},
        {"PGSSLMODE", NULL},
        {"PGSSLNEGOTIATION", NULL},
        {"PGSERVICE", NULL},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][1] == NULL) {
            printf("unset %s\n", pairs[i][0]);
            continue;
        }
        printf("export %s=", pairs[i][0]);
        print_shell_quoted(pairs[i][1]);
        putchar('\n');
    }
}

static int print_url(const struct login *login)
{
    struct buf url AUTO_BUF;
    buf_init_secret(&url, URL_MAX);
    proxy_dsn_write(&url, &login->dsn);
    if (!buf_ok(&url)) {
        cli_error("out of memory");
        return EXIT_FAILED;
    }
    printf("%s\n", url.data);
    return EXIT_DONE;
}

static int print_json(const struct login *login)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s?}", "PGHOST", login->host, "PGPORT",
                               login->port, "PGUSER", login->user, "PGDATABASE", login->dbname,
                               "PGPASSWORD", login->dsn.password);
    if (object == NULL) {
        cli_error("a value is not UTF-8, or out of memory");
        return EXIT_FAILED;
    }
    json_dumpf(object, stdout, 0);
    putchar('\n');
    json_decref(object);
    return EXIT_DONE;
}

static int print_login(const json_t *report, const json_t *cluster, bool wants_tcp,
                       enum command_output output)
{
    struct login login = {.host = NULL};
    dsql_error err = {0};
    int status = EXIT_DONE;
    if (read_login(&login, report, cluster, wants_tcp, &err) != DSQL_OK) {
        status = cli_fail(&err);
    } else if (output == OUTPUT_URL) {
        status = print_url(&login);
    } else if (output == OUTPUT_JSON) {
        status = print_json(&login);
    } else {
        print_exports(&login);
    }
    secret_clear(&login.password);
    return status;
}

/* The cluster on --port, or the only one; *report is its proxy. */
static const json_t *find_cluster(const json_t *reports, int port, const json_t **report,
                                  size_t *count)
{
    const json_t *found = NULL;
    const json_t *each = NULL;
    size_t i = 0;
    *count = 0;
    json_array_foreach(reports, i, each)
    {
        size_t j = 0;
        const json_t *cluster = NULL;
        json_array_foreach(json_object_get(each, "clusters"), j, cluster)
        {
            if (port == 0 || json_integer_value(json_object_get(cluster, "port")) == port) {
                found = cluster;
                *report = each;
                *count += 1;
            }
        }
    }
    return found;
}

int proxy_env_run(const struct command_line *line)
{
    json_t *reports = NULL;
    const json_t *report = NULL;
    enum command_output output = OUTPUT_TEXT;
    size_t count = 0;
    int port = 0;
    int status = EXIT_DONE;
    if (!command_wants_output(line, &output) || !command_number(line, "port", 1, PORT_MAX, &port)) {
        return EXIT_USAGE;
    }
    if (!ask(line, &reports, &status)) {
        return status;
    }
    const json_t *cluster = find_cluster(reports, port, &report, &count);
    if (count > 1) {
        status =
            command_usage(line->command, "%zu clusters are offered: choose one with --port", count);
    } else if (cluster == NULL) {
        status = fail_none();
    } else {
        status = print_login(report, cluster, command_has(line, "tcp"), output);
    }
    json_decref(reports);
    return status;
}
