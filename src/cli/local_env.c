/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * `dsql local env`.  The names are those that AWS's samples read (CLUSTER_ENDPOINT, REGION), the
 * AWS SDKs, and libpq.  PGHOSTADDR leads to this machine while host name, region and certificate
 * stay as for a real endpoint.
 */
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "cli/shell_quote.h"
#include "local/identity.h"

#include <jansson.h>

/* In the order of the output.  A variable without a value is unset. */
struct variable {
    const char *name;
    const char *value;
};

/*
 * Always quoted: the output is for eval, and a directory name may contain anything.  What is unset
 * is left over from earlier work and would change which credentials are used.
 */
static void print_shell(const struct variable *variables)
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
static int print_json(const struct variable *variables)
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
        fprintf(stderr, "dsql: a value is not UTF-8, or out of memory\n");
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
    char key_id[IDENTITY_KEY_ID_SIZE] = "";
    char address[CLUSTER_ADDRESS_SIZE];
    char port[16];
    struct gateway_identity identity = {0};
    dsql_error err = {0};
    int status = EXIT_DONE;
    if (identity_read_first(cluster->identities, key_id, &identity, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    cluster_last_address(cluster, address);
    snprintf(port, sizeof port, "%d", cluster_last_port(cluster));
    const struct variable variables[] = {
        {"CLUSTER_ENDPOINT", cluster->endpoint},
        {"CLUSTER_USER", user == NULL ? "admin" : user},
        {"REGION", CLUSTER_REGION},
        {"AWS_REGION", CLUSTER_REGION},
        {"AWS_ACCESS_KEY_ID", key_id},
        {"AWS_SECRET_ACCESS_KEY", secret_string(&identity.secret_access_key)},
        {"PGHOSTADDR", address},
        {"PGPORT", port},
        {"PGSSLROOTCERT", cluster->ca},
        {"NODE_EXTRA_CA_CERTS", cluster->ca}, /* Node does not read PGSSLROOTCERT */
        {"AWS_SESSION_TOKEN", NULL},
        {"AWS_PROFILE", NULL},
        {NULL, NULL},
    };
    if (is_json) {
        status = print_json(variables);
    } else {
        print_shell(variables);
    }
    secret_clear(&identity.secret_access_key);
    secret_clear(&identity.session_token);
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
