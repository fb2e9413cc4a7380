/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* `dsql local env`. */
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "cli/local_environment.h"
#include "cli/shell_quote.h"

#include <jansson.h>

/*
 * Always quoted: the output is for eval, and a directory name may contain anything.
 */
static void print_shell(const struct local_variable *variables)
{
    for (; variables->name != NULL; variables++) {
        if (variables->value == NULL) {
            printf("unset %s\n", variables->name);
            continue;
        }
        printf("export %s=", variables->name);
        print_shell_quoted(variables->value);
        putchar('\n');
    }
}

/* One object; null for a variable to be unset. */
static int print_json(const struct local_variable *variables)
{
    json_t *root = json_object();
    bool ok = root != NULL;
    for (; ok && variables->name != NULL; variables++) {
        json_t *value = variables->value == NULL ? json_null() : json_string(variables->value);
        ok = json_object_set_new(root, variables->name, value) == 0;
    }
    if (ok) {
        json_dumpf(root, stdout, 0);
        putchar('\n');
    } else {
        cli_error("a value is not UTF-8, or out of memory");
    }
    json_decref(root);
    return ok ? EXIT_DONE : EXIT_FAILED;
}

/*
 * The secret key is printed on purpose.  It is valid for this cluster only and is stored in its
 * directory anyway; no real credential passes through here.  The secrets are wiped all the same,
 * as everywhere.
 */
static int print_environment(const struct cluster *cluster, const char *user, bool is_json)
{
    struct local_environment environment;
    dsql_error err = {0};
    int status = EXIT_DONE;
    if (local_environment_read(&environment, cluster, user, &err) != DSQL_OK) {
        status = cli_fail(&err);
    } else if (is_json) {
        status = print_json(environment.variables);
    } else {
        print_shell(environment.variables);
    }
    local_environment_clear(&environment);
    return status;
}

/* --hosts is for clients that cannot use PGHOSTADDR, because they are not built on libpq. */
int local_env_run(const struct command_line *line)
{
    struct cluster cluster;
    char address[CLUSTER_ADDRESS_SIZE];
    bool is_json = false;
    if (!command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    int opened = local_open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (command_has(line, "hosts")) {
        cluster_last_address(&cluster, address);
        printf("%s %s\n", address, cluster.endpoint);
        return EXIT_DONE;
    }
    return print_environment(&cluster, command_value(line, "user"), is_json);
}
