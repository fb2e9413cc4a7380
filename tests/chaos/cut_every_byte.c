/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts the connection at each byte of a transaction, of a single statement and of a batch, in both
 * directions, and compares each outcome with the ledger.
 * usage: cut_every_byte STEP      (in the environment of a local cluster; STEP 1: each byte)
 */
#include "bank.h"
#include "byte_relay.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORKS_MAX = 20000, SPARE_BYTES = 64 };

static struct bank_work works[WORKS_MAX];
static long work_count;

static dsql_pool *open_pool(const char *port)
{
    dsql_error err = {0};
    dsql_pool *pool =
        dsql_pool_open(DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"),
                                    .user = getenv("CLUSTER_USER"), .port = port, .pool_max = 1,
                                    .retry_base_ms = 1, .retry_max_ms = 2, .validate_idle_s = -1),
                       &err);
    if (pool == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    return pool;
}

static struct bank_work *next_work(enum bank_form form)
{
    if (work_count == WORKS_MAX) {
        fprintf(stderr, "more than %d cuts: choose a larger STEP\n", WORKS_MAX);
        exit(EXIT_FAILURE);
    }
    struct bank_work *work = &works[work_count];
    *work = (struct bank_work){.number = work_count,
                               .form = form,
                               .source = 1 + (int)(work_count % BANK_ACCOUNTS),
                               .target = 1 + (int)((work_count + 1) % BANK_ACCOUNTS)};
    work_count++;
    return work;
}

/* Opens the next connection, so that the bytes which are counted are those of the work alone. */
static void have_connection(dsql_pool *pool)
{
    dsql_error err = {0};
    PGconn *conn = dsql_pool_acquire(pool, &err);
    if (conn == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    dsql_pool_release(pool, conn);
}

/* How many bytes the work sends or receives when nothing is cut. */
static long measure(dsql_pool *pool, enum bank_form form, enum direction direction)
{
    have_connection(pool);
    byte_relay_cut_after(direction, -1);
    bank_do(pool, next_work(form));
    return byte_relay_passed(direction);
}

static void cut_each(dsql_pool *pool, enum bank_form form, enum direction direction, long step)
{
    long bytes = measure(pool, form, direction) + SPARE_BYTES;
    for (long at = 0; at < bytes; at += step) {
        have_connection(pool);
        byte_relay_cut_after(direction, at);
        bank_do(pool, next_work(form));
    }
    byte_relay_cut_after(direction, -1);
}

int main(int argc, char **argv)
{
    long step = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    const char *server_port = getenv("PGPORT");
    if (step < 1 || server_port == NULL) {
        fprintf(stderr, "usage: cut_every_byte STEP\n");
        return EXIT_FAILURE;
    }
    char port[16];
    snprintf(port, sizeof port, "%d", byte_relay_start((int)strtol(server_port, NULL, 10)));
    dsql_pool *pool = open_pool(port);
    bank_setup(pool);
    for (int form = 0; form < BANK_FORMS; form++) {
        cut_each(pool, (enum bank_form)form, TO_SERVER, step);
        cut_each(pool, (enum bank_form)form, TO_CLIENT, step);
    }
    bool is_right = bank_verify(pool, works, work_count);
    printf("%ld connections were cut\n", byte_relay_cuts());
    bank_print_outcomes(works, work_count);
    is_right = byte_relay_cuts() > 0 && is_right;
    is_right = dsql_pool_close(pool, 5000) == DSQL_OK && is_right;
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
