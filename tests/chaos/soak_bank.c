/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The bank of a soak: one process that works for hours in rounds, with a pool of libdsql, with
 * clients of proxies that use nothing but libpq, and with asynchronous jobs.  After each round it
 * is at rest: all it was told is compared with the ledger, and what must be the same at each rest
 * is counted.  Reads lines "work SECONDS", answers each with a line "NAME=VALUE ...", and ends with
 * its input. usage: soak_bank THREADS CLIENTS SEED RELAY_PORT PROXY_PORT PROXY_PORT [LEAK] (in the
 * environment of a local cluster, with PROXY_PASSWORD; the relay's pool reads credentials of the
 * profile "soak".  LEAK is a mistake made on purpose, to show that a soak finds it)
 */
#include "bank.h"
#include "libpq_work.h"
#include "soak_pool.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKS_MAX = 30000,
    WORKERS_MAX = 64,
    SILENCE_S = 180,
    LEAK_EVERY = 50,
    LEAK_BYTES = 1000000
};

enum leak { LEAK_NONE, LEAK_CONNECTION, LEAK_DESCRIPTOR, LEAK_MEMORY, LEAK_UPDATE, LEAKS };
static const char *const leak_names[LEAKS] = {"none", "connection", "descriptor", "memory",
                                              "update"};

static struct {
    int threads, clients;
    unsigned seed;
    enum leak leak;
    char conninfo[2][512]; /* of the proxies */
    dsql_pool *pool;       /* through the relay, with credentials that expire */
    dsql_pool *control;    /* to the cluster, to set up and to compare */
    long ends_at_s;
    struct bank_work *works;
    atomic_long work_count;
    int jobs_completed, jobs_failed, jobs_unknown;
} soak;

static long now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* ---- Work with the pool ---- */

static void work_on_acquired(struct bank_work *work, unsigned *state)
{
    PGconn *conn = rand_r(state) % 2 == 0 ? dsql_pool_acquire(soak.pool, &work->err)
                                          : soak_pool_acquire_polled(soak.pool, &work->err);
    if (conn == NULL) {
        work->outcome = work->err.status;
        return;
    }
    enum style style = (enum style)(rand_r(state) % STYLES);
    if (style == PREPARED && !libpq_work_prepare(conn)) {
        work->outcome = DSQL_ERR_CONNECT;
    } else {
        libpq_work_do(conn, style, work);
    }
    dsql_pool_release(soak.pool, conn);
}

/* What a connection that is released in a transaction has done must be rolled back. */
static void work_abandoned(struct bank_work *work)
{
    work->outcome = DSQL_ERR_CALLBACK;
    PGconn *conn = dsql_pool_acquire(soak.pool, &work->err);
    if (conn != NULL) {
        char insert[96];
        snprintf(insert, sizeof insert, "INSERT INTO ledger (work) VALUES (%ld)", work->number);
        PQclear(PQexec(conn, "BEGIN"));
        bool is_open = PQtransactionStatus(conn) == PQTRANS_INTRANS;
        PQclear(is_open ? PQexec(conn, insert) : NULL);
        dsql_pool_release(soak.pool, conn);
    }
}

static void work_with_pool(struct bank_work *work, unsigned *state)
{
    enum { ON_ACQUIRED = BANK_FORMS, ABANDONED, KINDS };
    int kind = rand_r(state) % KINDS;
    if (kind < BANK_FORMS) {
        work->form = (enum bank_form)kind;
        bank_do(soak.pool, work);
    } else if (kind == ON_ACQUIRED) {
        work_on_acquired(work, state);
    } else {
        work_abandoned(work);
    }
}

/* ---- Mistakes on purpose ---- */

static void leak_something(struct bank_work *work)
{
    if (work->number % LEAK_EVERY != 0) {
        return;
    }
    if (soak.leak == LEAK_DESCRIPTOR) {
        (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
    } else if (soak.leak == LEAK_MEMORY) {
        void *lost = malloc(LEAK_BYTES);
        memset(lost, 1, lost == NULL ? 0 : LEAK_BYTES);
    } else if (soak.leak == LEAK_UPDATE) {
        work->outcome = work->outcome == DSQL_ERR_CALLBACK ? DSQL_OK : work->outcome;
    } else if (soak.leak == LEAK_CONNECTION && work->number == 0) {
        (void)!dsql_pool_acquire(soak.pool, &work->err);
    }
}

/* ---- Workers ---- */

/* NULL: the round has no room for more. */
static struct bank_work *next_work(unsigned *state)
{
    long number = atomic_fetch_add(&soak.work_count, 1);
    if (number >= WORKS_MAX) {
        return NULL;
    }
    soak.works[number] = (struct bank_work){.number = number,
                                            .source = 1 + rand_r(state) % BANK_ACCOUNTS,
                                            .target = 1 + rand_r(state) % BANK_ACCOUNTS};
    return &soak.works[number];
}

static void use_pool(unsigned *state)
{
    struct bank_work *work = NULL;
    while (now_s() < soak.ends_at_s && (work = next_work(state)) != NULL) {
        work_with_pool(work, state);
        leak_something(work);
    }
}

static PGconn *login_at_proxy(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    PQsetNoticeProcessor(conn, soak_ignore_notice, NULL);
    if (!libpq_work_prepare(conn)) {
        PQfinish(conn);
        pause_ms(20);
        return NULL;
    }
    return conn;
}

static void use_proxy(const char *conninfo, unsigned *state)
{
    PGconn *conn = NULL;
    while (now_s() < soak.ends_at_s) {
        conn = conn == NULL ? login_at_proxy(conninfo) : conn;
        struct bank_work *work = conn == NULL ? NULL : next_work(state);
        if (conn != NULL && work == NULL) {
            break;
        }
        if (work != NULL) {
            libpq_work_do(conn, (enum style)(rand_r(state) % STYLES), work);
        }
        if (conn != NULL && PQstatus(conn) != CONNECTION_OK) {
            PQfinish(conn);
            conn = NULL;
        }
    }
    PQfinish(conn);
}

/* Builds an index on the ledger again and again; the last one of the round stays. */
static void use_jobs(void)
{
    static long number;
    char create[96];
    char drop[64];
    while (now_s() < soak.ends_at_s) {
        dsql_error err = {0};
        number++;
        snprintf(create, sizeof create, "CREATE INDEX ASYNC soak_%ld ON ledger (work)", number);
        snprintf(drop, sizeof drop, "DROP INDEX IF EXISTS soak_%ld", number);
        PGresult *created = dsql_exec(soak.pool, create, 0, NULL, &err);
        if (created == NULL) {
            soak.jobs_unknown++;
            pause_ms(100);
            continue;
        }
        dsql_status status = dsql_job_wait(soak.pool, PQgetvalue(created, 0, 0), 10000, &err);
        PQclear(created);
        soak.jobs_completed += status == DSQL_OK ? 1 : 0;
        soak.jobs_failed += status == DSQL_ERR_QUERY ? 1 : 0;
        soak.jobs_unknown += status == DSQL_OK || status == DSQL_ERR_QUERY ? 0 : 1;
        if (now_s() < soak.ends_at_s) {
            PQclear(dsql_exec(soak.pool, drop, 0, NULL, &err));
        }
    }
}

static void *work_until_end(void *arg)
{
    int number = *(int *)arg;
    unsigned state = soak.seed++ + (unsigned)number * 7919;
    if (number < soak.threads) {
        use_pool(&state);
    } else if (number < soak.threads + soak.clients) {
        use_proxy(soak.conninfo[number % 2], &state);
    } else {
        use_jobs();
    }
    return NULL;
}

static void work_for(long seconds)
{
    pthread_t thread[WORKERS_MAX];
    int number[WORKERS_MAX];
    int count = soak.threads + soak.clients + 1;
    soak.ends_at_s = now_s() + seconds;
    for (int i = 0; i < count; i++) {
        number[i] = i;
        if (pthread_create(&thread[i], NULL, work_until_end, &number[i]) != 0) {
            perror("pthread_create");
            exit(EXIT_FAILURE);
        }
    }
    for (int i = 0; i < count; i++) {
        pthread_join(thread[i], NULL);
    }
}

/* ---- At rest ---- */

static void print_outcomes(long count)
{
    long ok = 0;
    long unknown = 0;
    for (long i = 0; i < count; i++) {
        ok += soak.works[i].outcome == DSQL_OK;
        unknown += soak.works[i].outcome == DSQL_ERR_COMMIT_UNKNOWN;
    }
    printf("works=%ld ok=%ld unknown=%ld not_done=%ld ", count, ok, unknown, count - ok - unknown);
    printf("jobs_completed=%d jobs_failed=%d jobs_unknown=%d ", soak.jobs_completed,
           soak.jobs_failed, soak.jobs_unknown);
}

static void run_round(long seconds)
{
    alarm((unsigned)(seconds + SILENCE_S)); /* kills a bank that hears nothing */
    bank_setup(soak.control);
    soak_pool_inject_conflicts(soak.control);
    atomic_store(&soak.work_count, 0);
    work_for(seconds);
    puts("worked");
    fflush(stdout);
    long count = atomic_load(&soak.work_count);
    count = count < WORKS_MAX ? count : WORKS_MAX;
    bool is_right = bank_verify(soak.control, soak.works, count);
    print_outcomes(count);
    printf("wrong_ledger=%d jobs_stuck=%ld wrong_indexes=%ld ", is_right ? 0 : 1,
           soak_pool_unfinished_jobs(soak.control), soak_pool_wrong_indexes(soak.control));
    soak_pool_print("pool", soak.pool);
    soak_pool_print("control", soak.control);
    printf("\n");
    fflush(stdout);
    alarm(0);
}

static void start(char **argv)
{
    soak.threads = (int)strtol(argv[1], NULL, 10);
    soak.clients = (int)strtol(argv[2], NULL, 10);
    soak.seed = (unsigned)strtoul(argv[3], NULL, 10);
    soak.pool = soak_pool_open(argv[4], "soak", soak.threads);
    soak.control = soak_pool_open(getenv("PGPORT"), NULL, 1);
    for (int i = 0; i < 2; i++) {
        snprintf(soak.conninfo[i], sizeof soak.conninfo[i],
                 "host=127.0.0.1 port=%s user=admin dbname=postgres sslmode=disable "
                 "connect_timeout=10 password='%s'",
                 argv[5 + i], getenv("PROXY_PASSWORD"));
    }
    soak.works = malloc(WORKS_MAX * sizeof *soak.works);
    if (soak.works == NULL) {
        exit(EXIT_FAILURE);
    }
    memset(soak.works, 1, WORKS_MAX * sizeof *soak.works); /* resident from the beginning */
}

static enum leak leak_by_name(const char *name)
{
    enum leak leak = LEAK_NONE;
    while (leak < LEAKS && strcmp(leak_names[leak], name) != 0) {
        leak++;
    }
    return leak;
}

int main(int argc, char **argv)
{
    soak.leak = argc == 8 ? leak_by_name(argv[7]) : LEAK_NONE;
    if (argc < 7 || soak.leak == LEAKS || getenv("PROXY_PASSWORD") == NULL) {
        fprintf(stderr, "usage: soak_bank THREADS CLIENTS SEED RELAY_PORT PROXY_PORT PROXY_PORT"
                        " [connection|descriptor|memory|update]\n");
        return EXIT_FAILURE;
    }
    start(argv);
    puts("ready");
    fflush(stdout);
    char line[32];
    long seconds = 0;
    while (fgets(line, sizeof line, stdin) != NULL && sscanf(line, "work %ld", &seconds) == 1) {
        run_round(seconds);
    }
    bool is_closed = dsql_pool_close(soak.pool, 5000) == DSQL_OK;
    is_closed = dsql_pool_close(soak.control, 5000) == DSQL_OK && is_closed;
    free(soak.works);
    return is_closed ? EXIT_SUCCESS : EXIT_FAILURE;
}
