/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A bank whose clients use nothing but libpq, through `dsql proxy` and a relay that cuts their
 * connections at random bytes.  What each client was told is compared with the ledger, which is
 * read from the cluster directly.  A client that hears nothing for a minute is an error.
 * usage: proxy_bank SECONDS CLIENTS SEED CUT_BYTES PROXY_PORT
 *        (in the environment of a local cluster, with PROXY_PASSWORD; CUT_BYTES 0: no cuts, and
 * then a connection that is lost is an error)
 */
#include "bank.h"
#include "byte_relay.h"
#include "libpq_work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORKS_MAX = 400000, CLIENTS_MAX = 64, SILENCE_S = 60 };

static struct bank_work *works;
static atomic_long work_count;
static long ends_at_s;
static unsigned seed;
static char conninfo[512];

static long now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec;
}

/* ---- Clients ---- */

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message; /* ROLLBACK after a COMMIT that has failed */
}

/* NULL: the proxy is not reached at present. */
static PGconn *login(void)
{
    PGconn *conn = PQconnectdb(conninfo);
    PQsetNoticeProcessor(conn, ignore_notice, NULL);
    if (!libpq_work_prepare(conn)) {
        PQfinish(conn);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        return NULL;
    }
    return conn;
}

/* False: there is no more room. */
static bool work_once(PGconn *conn, unsigned *state)
{
    long number = atomic_fetch_add(&work_count, 1);
    if (number >= WORKS_MAX) {
        return false;
    }
    enum style style = (enum style)(rand_r(state) % STYLES);
    works[number] = (struct bank_work){.number = number,
                                       .source = 1 + rand_r(state) % BANK_ACCOUNTS,
                                       .target = 1 + rand_r(state) % BANK_ACCOUNTS};
    libpq_work_do(conn, style, &works[number]);
    return true;
}

static void *work_until_end(void *arg)
{
    unsigned state = seed + (unsigned)*(int *)arg;
    PGconn *conn = NULL;
    bool has_room = true;
    while (now_s() < ends_at_s && has_room) {
        conn = conn == NULL ? login() : conn;
        has_room = conn == NULL || work_once(conn, &state);
        if (conn != NULL && PQstatus(conn) != CONNECTION_OK) {
            PQfinish(conn);
            conn = NULL;
        }
    }
    PQfinish(conn);
    return NULL;
}

static void work_with(int clients)
{
    pthread_t thread[CLIENTS_MAX];
    int number[CLIENTS_MAX];
    for (int i = 0; i < clients; i++) {
        number[i] = i;
        if (pthread_create(&thread[i], NULL, work_until_end, &number[i]) != 0) {
            perror("pthread_create");
            exit(EXIT_FAILURE);
        }
    }
    for (int i = 0; i < clients; i++) {
        pthread_join(thread[i], NULL);
    }
}

/* ---- Setup and verification, without the proxy ---- */

static dsql_pool *open_pool(void)
{
    dsql_error err = {0};
    dsql_pool *opened = dsql_pool_open(DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"),
                                                    .user = getenv("CLUSTER_USER"),
                                                    .port = getenv("PGPORT"), .pool_max = 1),
                                       &err);
    if (opened == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    return opened;
}

static void choose_proxy(const char *port, long cut_bytes)
{
    int relay_port = byte_relay_start((int)strtol(port, NULL, 10));
    byte_relay_cut_at_random(seed, cut_bytes);
    snprintf(conninfo, sizeof conninfo,
             "host=127.0.0.1 port=%d user=admin dbname=postgres sslmode=disable connect_timeout=10 "
             "password='%s'",
             relay_port, getenv("PROXY_PASSWORD"));
}

static bool is_nothing_lost(long count)
{
    for (long i = 0; i < count; i++) {
        bool is_conflict =
            works[i].outcome == DSQL_ERR_QUERY && strstr(works[i].err.message, "(OC00") != NULL;
        if (works[i].outcome != DSQL_OK && !is_conflict) {
            fprintf(stderr, "work %ld: %s\n", i, works[i].err.message);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    int clients = argc == 6 ? (int)strtol(argv[2], NULL, 10) : 0;
    works = calloc(WORKS_MAX, sizeof *works);
    if (clients < 1 || clients > CLIENTS_MAX || getenv("PROXY_PASSWORD") == NULL || works == NULL) {
        fprintf(stderr, "usage: proxy_bank SECONDS CLIENTS SEED CUT_BYTES PROXY_PORT\n");
        return EXIT_FAILURE;
    }
    long seconds = strtol(argv[1], NULL, 10);
    long cut_bytes = strtol(argv[4], NULL, 10);
    seed = (unsigned)strtoul(argv[3], NULL, 10);
    dsql_pool *pool = open_pool();
    bank_setup(pool);
    PQclear(
        dsql_exec(pool, "SELECT sys.inject_conflicts(0.1, relation => 'ledger')", 0, NULL, NULL));
    choose_proxy(argv[5], cut_bytes);
    puts("working");
    fflush(stdout);
    ends_at_s = now_s() + seconds;
    alarm((unsigned)(seconds + SILENCE_S)); /* kills a bank that hears nothing */
    work_with(clients);
    long count = atomic_load(&work_count) < WORKS_MAX ? atomic_load(&work_count) : WORKS_MAX;
    bool is_right = bank_verify(pool, works, count);
    is_right = (cut_bytes > 0 || is_nothing_lost(count)) && is_right;
    printf("seed %u: %ld connections of clients were cut\n", seed, byte_relay_cuts());
    bank_print_outcomes(works, count);
    is_right = dsql_pool_close(pool, 5000) == DSQL_OK && is_right;
    free(works);
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
