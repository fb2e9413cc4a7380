/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the wait after a conflict.  Threads increment the same row, which is the worst case,
 * with different first and longest waits.  The results are commits per second, attempts for each
 * commit, and latencies.
 *
 *     eval "$(dsql local env)"; bench_backoff [SECONDS]
 *
 * A local transaction takes one or two milliseconds.  One that commits in three availability zones
 * takes ten or more.  "think", a pause in milliseconds between reading and writing, simulates
 * this.
 */
#include <dsql.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    MAX_THREADS = 32,
    MAX_SAMPLES = 100000,
    DEFAULT_SECONDS = 4,
    USUAL_ATTEMPTS = 4,
    MANY_ATTEMPTS = 8
};

struct setting {
    int threads;
    int think_ms;
    int base_ms;
    int max_ms;
};

struct worker {
    pthread_t thread;
    dsql_pool *pool;
    const struct setting *setting;
    int64_t end_us;
    int attempts; /* of the current transaction */
    uint64_t all_attempts, commits, failures, over_usual, over_many;
    int64_t *latencies_us;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void pause_ms(int ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static void add_one(struct worker *worker)
{
    const dsql_transaction_options *options =
        DSQL_TRANSACTION_OPTIONS(.max_attempts = 1000, .retry_base_ms = worker->setting->base_ms,
                                 .retry_max_ms = worker->setting->max_ms, .timeout_ms = -1);
    int64_t start_us = now_us();
    dsql_error err;
    PGconn *conn;
    worker->attempts = 0;
    DSQL_TRANSACTION_WITH(worker->pool, options, conn, &err) {
        worker->attempts++;
        PQclear(PQexec(conn, "SELECT n FROM hot WHERE id = 1"));
        pause_ms(worker->setting->think_ms);
        PQclear(PQexec(conn, "UPDATE hot SET n = n + 1 WHERE id = 1"));
    }
    if (err.status != DSQL_OK) {
        fprintf(stderr, "%s\n", err.message);
        worker->failures++;
        return;
    }
    if (worker->commits < MAX_SAMPLES) {
        worker->latencies_us[worker->commits] = now_us() - start_us;
    }
    worker->commits++;
    worker->all_attempts += (uint64_t)worker->attempts;
    worker->over_usual += worker->attempts > USUAL_ATTEMPTS ? 1 : 0;
    worker->over_many += worker->attempts > MANY_ATTEMPTS ? 1 : 0;
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    while (now_us() < worker->end_us) {
        add_one(worker);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void report(const struct setting *setting, struct worker *workers, double seconds)
{
    static int64_t all[MAX_SAMPLES];
    size_t count = 0;
    uint64_t commits = 0;
    uint64_t attempts = 0;
    uint64_t over_usual = 0;
    uint64_t over_many = 0;
    uint64_t failures = 0;
    for (int i = 0; i < setting->threads; i++) {
        commits += workers[i].commits;
        attempts += workers[i].all_attempts;
        over_usual += workers[i].over_usual;
        over_many += workers[i].over_many;
        failures += workers[i].failures;
        for (uint64_t j = 0; j < workers[i].commits && count < MAX_SAMPLES; j++) {
            all[count++] = workers[i].latencies_us[j];
        }
    }
    if (count == 0) {
        return;
    }
    qsort(all, count, sizeof all[0], compare);
    size_t median = count / 2;
    size_t nearly_last = count * 99 / 100;
    printf("%7d %5d %5d %5d | %9.1f %6.2f %7.1f%% %7.1f%% | %7.1f %7.1f %8.1f | %" PRIu64 "\n",
           setting->threads, setting->think_ms, setting->base_ms, setting->max_ms,
           (double)commits / seconds, (double)attempts / (double)commits,
           100.0 * (double)over_usual / (double)commits,
           100.0 * (double)over_many / (double)commits, (double)all[median] / 1000,
           (double)all[nearly_last] / 1000, (double)all[count - 1] / 1000, failures);
}

static void measure(dsql_pool *pool, const struct setting *setting, int seconds)
{
    struct worker workers[MAX_THREADS] = {{0}};
    int64_t start_us = now_us();
    for (int i = 0; i < setting->threads; i++) {
        workers[i].pool = pool;
        workers[i].setting = setting;
        workers[i].end_us = start_us + (int64_t)seconds * 1000000;
        workers[i].latencies_us = calloc(MAX_SAMPLES, sizeof(int64_t));
        if (workers[i].latencies_us == NULL ||
            pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fprintf(stderr, "could not start a thread\n");
            exit(EXIT_FAILURE);
        }
    }
    for (int i = 0; i < setting->threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    report(setting, workers, (double)(now_us() - start_us) / 1e6);
    fflush(stdout);
    for (int i = 0; i < setting->threads; i++) {
        free(workers[i].latencies_us);
    }
}

static dsql_pool *prepare(dsql_error *err)
{
    dsql_pool *pool = dsql_pool_open(
        DSQL_OPTIONS(.pool_max = MAX_THREADS, .host = getenv("CLUSTER_ENDPOINT")), err);
    static const char *const statements[] = {
        "DROP TABLE IF EXISTS hot",
        "CREATE TABLE hot (id int PRIMARY KEY, n bigint)",
        "INSERT INTO hot VALUES (1, 0)",
    };
    for (size_t i = 0; pool != NULL && i < sizeof statements / sizeof statements[0]; i++) {
        PGresult *result = dsql_exec(pool, statements[i], 0, NULL, err);
        if (result == NULL) {
            return NULL;
        }
        PQclear(result);
    }
    return pool;
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : DEFAULT_SECONDS;
    dsql_error err = {0};
    dsql_pool *pool = prepare(&err);
    if (pool == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    static const int loads[][2] = {{2, 0}, {8, 0}, {2, 15}, {8, 15}, {32, 15}};
    static const int waits[][2] = {{1, 100}, {10, 1000}, {25, 1000}, {50, 2000}, {100, 5000}};
    printf("threads think  base   max | commits/s  atts.   over 4   over 8 | p50 ms  p99 ms   max "
           "ms | "
           "failed\n");
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        for (size_t j = 0; j < sizeof waits / sizeof waits[0]; j++) {
            const struct setting setting = {loads[i][0], loads[i][1], waits[j][0], waits[j][1]};
            measure(pool, &setting, seconds);
        }
    }
    return dsql_pool_close(pool, 5000) == DSQL_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
