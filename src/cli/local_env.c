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

/* Always quoted: the output is for eval, and a directory name may contain anything. */
static void print_export(const char *name, const char *value)
{
    printf("export %s=", name);
    print_shell_quoted(value);
    putchar('\n');
}

/*
 * The secret key is printed on purpose.  It is valid for this cluster only and is stored in its
 * directory anyway; no real credential passes through here.  The secrets are wiped all the same,
 * as everywhere.
 */
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
    print_export("NODE_EXTRA_CA_CERTS", cluster->ca); /* Node does not read PGSSLROOTCERT */
    /* Left over from earlier work, these would change which credentials are used. */
    printf("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
    secret_clear(&identity.secret_access_key);
    secret_clear(&identity.session_token);
    return EXIT_DONE;
}

/* --hosts is for clients that cannot use PGHOSTADDR, because they are not built on libpq. */
int local_env_run(const struct command_line *line)
{
    struct cluster cluster;
    int opened = local_open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (command_has(line, "hosts")) {
        printf("127.0.0.1 %s\n", cluster.endpoint);
        return EXIT_DONE;
    }
    return print_environment(&cluster, command_value(line, "user"));
}
