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

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORKS_MAX = 400000, CLIENTS_MAX = 64, SILENCE_S = 60, AMOUNT = 7 };

/* How a piece of work is sent. */
enum style { SIMPLE, EXTENDED, PREPARED, BLOCK, PIPELINE, STYLES };

#define INSERT "INSERT INTO ledger (work, source, target, amount) VALUES ("

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

/* ---- Outcomes ---- */

/* After a fatal error libpq has not read the end of the connection yet. */
static bool has_lost(const PGconn *conn, const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return PQstatus(conn) != CONNECTION_OK || (severity != NULL && strcmp(severity, "FATAL") == 0);
}

/* Whether a statement succeeded.  Otherwise what is known of a transaction that ends with it. */
static bool note(PGconn *conn, PGresult *result, bool may_be_committed, struct bank_work *work)
{
    ExecStatusType status = PQresultStatus(result);
    bool is_done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    bool is_lost = has_lost(conn, result);
    PQclear(result);
    if (!is_done) {
        work->outcome = is_lost && may_be_committed ? DSQL_ERR_COMMIT_UNKNOWN
                        : is_lost                   ? DSQL_ERR_CONNECT
                                                    : DSQL_ERR_QUERY;
        snprintf(work->err.message, sizeof work->err.message, "%s", PQerrorMessage(conn));
    }
    return is_done;
}

/* ---- Work ---- */

struct texts {
    char number[24];
    const char *values[1];
    char insert[160];
    char take[96];
    char give[96];
};

static void write_texts(struct texts *texts, const struct bank_work *work)
{
    int amount = work->form == BANK_TRANSACTION ? AMOUNT : 0;
    snprintf(texts->number, sizeof texts->number, "%ld", work->number);
    texts->values[0] = texts->number;
    snprintf(texts->insert, sizeof texts->insert, INSERT "%ld, %d, %d, %d)", work->number,
             work->source, work->target, amount);
    snprintf(texts->take, sizeof texts->take,
             "UPDATE account SET balance = balance - %d WHERE id = %d", amount, work->source);
    snprintf(texts->give, sizeof texts->give,
             "UPDATE account SET balance = balance + %d WHERE id = %d", amount, work->target);
}

static void do_single(PGconn *conn, enum style style, struct bank_work *work)
{
    struct texts texts;
    write_texts(&texts, work);
    PGresult *result = style == SIMPLE ? PQexec(conn, texts.insert)
                       : style == EXTENDED
                           ? PQexecParams(conn, INSERT "$1::bigint, 1, 1, 0)", 1, NULL,
                                          texts.values, NULL, NULL, 0)
                           : PQexecPrepared(conn, "pay", 1, texts.values, NULL, NULL, 0);
    (void)note(conn, result, true, work);
}

static void do_block(PGconn *conn, struct bank_work *work)
{
    struct texts texts;
    write_texts(&texts, work);
    bool is_done = note(conn, PQexec(conn, "BEGIN"), false, work) &&
                   note(conn, PQexec(conn, texts.take), false, work) &&
                   note(conn, PQexec(conn, texts.give), false, work) &&
                   note(conn, PQexec(conn, texts.insert), false, work);
    if (is_done) {
        (void)note(conn, PQexec(conn, "COMMIT"), true, work);
    } else {
        PQclear(PQexec(conn, "ROLLBACK"));
    }
}

/* One batch: the client looks at no answer before COMMIT is sent. */
static void do_pipeline(PGconn *conn, struct bank_work *work)
{
    struct texts texts;
    write_texts(&texts, work);
    const char *const batch[] = {"BEGIN", texts.take, texts.give, texts.insert, "COMMIT"};
    bool is_sent = PQenterPipelineMode(conn) == 1;
    for (size_t i = 0; i < sizeof batch / sizeof batch[0]; i++) {
        is_sent = is_sent && PQsendQueryParams(conn, batch[i], 0, NULL, NULL, NULL, NULL, 0) == 1;
    }
    is_sent = is_sent && PQpipelineSync(conn) == 1;
    bool is_done = is_sent;
    for (size_t i = 0; i < sizeof batch / sizeof batch[0]; i++) {
        PGresult *result = is_done ? PQgetResult(conn) : NULL;
        is_done = is_done && note(conn, result, true, work);
        PQclear(is_done ? PQgetResult(conn) : NULL); /* the NULL after each */
    }
    if (!is_sent) {
        (void)note(conn, NULL, true, work);
    }
    while (PQstatus(conn) == CONNECTION_OK && PQexitPipelineMode(conn) == 0) {
        PQclear(PQgetResult(conn));
    }
    if (!is_done && work->outcome == DSQL_ERR_QUERY) {
        PQclear(PQexec(conn, "ROLLBACK")); /* a batch that failed before COMMIT leaves a block */
    }
}

static void do_work(PGconn *conn, enum style style, struct bank_work *work)
{
    work->outcome = DSQL_OK;
    switch (style) {
    case BLOCK:
        do_block(conn, work);
        break;
    case PIPELINE:
        do_pipeline(conn, work);
        break;
    case SIMPLE:
    case EXTENDED:
    case PREPARED:
    case STYLES:
    default:
        do_single(conn, style, work);
        break;
    }
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
    PGresult *result = PQprepare(conn, "pay", INSERT "$1::bigint, 1, 1, 0)", 1, NULL);
    bool is_ready = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!is_ready) {
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
    works[number] = (struct bank_work){
        .number = number,
        .form = style == BLOCK || style == PIPELINE ? BANK_TRANSACTION : BANK_EXEC,
        .source = 1 + rand_r(state) % BANK_ACCOUNTS,
        .target = 1 + rand_r(state) % BANK_ACCOUNTS};
    do_work(conn, style, &works[number]);
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
