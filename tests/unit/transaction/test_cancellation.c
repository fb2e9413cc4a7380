/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that are cancelled inside the library.  Most of them ask for their own cancellation
 * before the call, so that the first cancellation point inside would end them, wherever it is.
 * The call must return all the same, and the pool must then be whole.
 */
#include "pools.h"
#include "postgres.h"
#include "server.h"
#include "unit.h"
#include "world.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define JOB_ID "abcdefghijklmnopqrstuvw234"

enum { CONNECTIONS = 4 };

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    return 0;
}

/* ---- One call in a thread that is cancelled ---- */

struct call {
    void (*run)(void *arg);
    void *arg;
    bool is_cancelled_before;
    bool has_returned;
};

static void *make_call(void *arg)
{
    struct call *call = arg;
    if (call->is_cancelled_before) {
        pthread_cancel(pthread_self());
    }
    call->run(call->arg);
    call->has_returned = true;
    pthread_testcancel();
    return NULL;
}

static pthread_t start(struct call *call)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, make_call, call), 0);
    return thread;
}

/* The cancellation takes effect, but not before the call has returned. */
static void assert_returned_and_cancelled(pthread_t thread, const struct call *call)
{
    void *outcome = NULL;
    assert_int_equal(pthread_join(thread, &outcome), 0);
    assert_true(call->has_returned);
    assert_ptr_equal(outcome, PTHREAD_CANCELED);
}

static void assert_returns_although_cancelled(void (*run)(void *arg), void *arg)
{
    struct call call = {.run = run, .arg = arg, .is_cancelled_before = true};
    assert_returned_and_cancelled(start(&call), &call);
}

/* Every connection can be acquired by another thread, and the pool closes. */
static void assert_whole(dsql_pool *pool)
{
    PGconn *conns[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        conns[i] = dsql_pool_acquire(pool, NULL);
        assert_non_null(conns[i]);
        assert_true(world_run(conns[i], "SELECT 1"));
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    world_close(pool);
}

/* ---- Every function of the pool and of transactions ---- */

static void acquire(void *arg)
{
    void **pool_and_conn = arg;
    pool_and_conn[1] = dsql_pool_acquire(pool_and_conn[0], NULL);
}

static void release(void *arg)
{
    void **pool_and_conn = arg;
    dsql_pool_release(pool_and_conn[0], pool_and_conn[1]);
}

static void an_acquire_that_opens_a_connection_returns(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    PGconn *first = dsql_pool_acquire(pool, NULL);
    void *pool_and_conn[2] = {pool, NULL};
    assert_returns_although_cancelled(acquire, pool_and_conn);
    assert_non_null(pool_and_conn[1]);
    assert_true(world_run(pool_and_conn[1], "BEGIN; SET work_mem = '9MB'"));
    assert_returns_although_cancelled(release, pool_and_conn); /* with a ROLLBACK and a reset */
    dsql_pool_release(pool, first);
    assert_whole(pool);
}

static void close_pool(void *pool)
{
    dsql_pool_close(pool, -1);
}

static void a_pool_with_idle_connections_is_closed(void **state)
{
    (void)state;
    assert_returns_although_cancelled(close_pool, world_pool(4, -1));
}

static void run_statements(void *pool)
{
    PQclear(dsql_exec(pool, "SELECT 1", 0, NULL, NULL));
    PQclear(
        dsql_exec_with(pool, DSQL_TRANSACTION_OPTIONS(.read_only = 1), "SELECT 1", 0, NULL, NULL));
    PQclear(dsql_exec(pool, AT_COMMIT("40001", 2), 0, NULL, NULL));
}

static void single_statements_return(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    world.on_sleep = pthread_testcancel;
    assert_returns_although_cancelled(run_statements, pool);
    assert_int_equal(atomic_load(&world.sleeps), 2);
    assert_whole(pool);
}

static dsql_status do_nothing(PGconn *conn, void *arg, dsql_error *err)
{
    (void)conn;
    (void)arg;
    (void)err;
    return DSQL_OK;
}

static void run_transactions(void *pool)
{
    if (dsql_transaction(pool, do_nothing, NULL, NULL) != DSQL_OK) {
        abort();
    }
    PGconn *conn = dsql_pool_acquire(pool, NULL);
    if (dsql_conn_transaction(conn, NULL, do_nothing, NULL, NULL) != DSQL_OK) {
        abort();
    }
    dsql_pool_release(pool, conn);
    dsql_error err;
    DSQL_TRANSACTION(pool, conn, &err) {
    }
    if (err.status != DSQL_OK) {
        abort();
    }
}

static void begin_and_commit_return(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    assert_returns_although_cancelled(run_transactions, pool);
    assert_whole(pool);
}

static void run_batch(void *pool)
{
    dsql_batch *batch = dsql_batch_new(pool, "INSERT INTO items (id) VALUES ($1)", 1, NULL, NULL);
    const char *value = "7";
    if (dsql_batch_add(batch, &value, NULL) != DSQL_OK ||
        dsql_batch_flush(batch, NULL) != DSQL_OK) {
        abort();
    }
    dsql_batch_free(batch);
}

static void a_batch_is_sent(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    assert_returns_although_cancelled(run_batch, pool);
    assert_int_equal(postgres_number("SELECT count(*) FROM items"), 1);
    assert_whole(pool);
}

static void wait_for_job(void *pool)
{
    if (dsql_job_wait(pool, JOB_ID, 5000, NULL) != DSQL_ERR_TIMEOUT) {
        abort();
    }
}

static void a_wait_for_a_job_returns(void **state)
{
    (void)state;
    postgres_run("INSERT INTO sys.jobs VALUES ('" JOB_ID "', 'processing', '')");
    dsql_pool *pool = world_pool(4, -1);
    world.on_sleep = pthread_testcancel;
    assert_returns_although_cancelled(wait_for_job, pool);
    assert_true(atomic_load(&world.sleeps) > 1);
    assert_whole(pool);
}

static void acquire_as_an_event_loop_does(void *arg)
{
    void **pool_and_conn = arg;
    PGconn *conn = NULL;
    dsql_acquire *acquire = dsql_pool_acquire_start(pool_and_conn[0], NULL, NULL);
    while (dsql_acquire_poll(acquire, &conn, NULL) == PGRES_POLLING_READING) {
        sched_yield();
    }
    dsql_acquire_free(acquire);
    dsql_pool_release(pool_and_conn[0], conn);
    pool_and_conn[1] = dsql_pool_try_acquire(pool_and_conn[0], NULL, NULL);
}

static void an_event_loop_gets_its_connection(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    PQfinish(dsql_pool_acquire(pool, NULL)); /* so that another one must be opened */
    void *pool_and_conn[2] = {pool, NULL};
    assert_returns_although_cancelled(acquire_as_an_event_loop_does, pool_and_conn);
    assert_non_null(pool_and_conn[1]);
    dsql_pool_release(pool, pool_and_conn[1]);
    assert_whole(pool);
}

/* ---- A thread that is known to wait ---- */

static void wait_until_one_waits(dsql_pool *pool)
{
    dsql_pool_stats stats = {0};
    while (stats.waiting == 0) {
        sched_yield();
        dsql_pool_get_stats(pool, &stats);
    }
}

static void a_thread_in_the_queue_gets_its_connection(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    PGconn *conns[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        conns[i] = dsql_pool_acquire(pool, NULL);
    }
    void *pool_and_conn[2] = {pool, NULL};
    struct call call = {.run = acquire, .arg = pool_and_conn};
    pthread_t thread = start(&call);
    wait_until_one_waits(pool);
    assert_int_equal(pthread_cancel(thread), 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    assert_returned_and_cancelled(thread, &call);
    assert_non_null(pool_and_conn[1]);
    dsql_pool_release(pool, pool_and_conn[1]);
    assert_whole(pool);
}

static void a_thread_that_closes_a_pool_closes_it(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    PGconn *conns[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        conns[i] = dsql_pool_acquire(pool, NULL);
    }
    struct call call = {.run = close_pool, .arg = pool};
    pthread_t thread = start(&call);
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(pool, &err)); /* returns when the pool is closing */
    assert_int_equal(err.status, DSQL_ERR_CLOSED);
    assert_int_equal(pthread_cancel(thread), 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    assert_returned_and_cancelled(thread, &call);
}

/* ---- Connecting and credentials ---- */

static sem_t has_entered, may_go_on;

/* sem_wait() is a cancellation point. */
static dsql_status fetch_slowly(void *arg, dsql_credentials *out, dsql_error *err)
{
    (void)arg;
    (void)err;
    sem_post(&has_entered);
    sem_wait(&may_go_on);
    return dsql_credentials_set(out, "AKIDEXAMPLE", "secret", NULL, 0);
}

static dsql_credentials_provider *slow_provider(void)
{
    assert_int_equal(sem_init(&has_entered, 0, 0), 0);
    assert_int_equal(sem_init(&may_go_on, 0, 0), 0);
    dsql_credentials_provider *provider = dsql_credentials_custom(fetch_slowly, NULL, NULL, NULL);
    assert_non_null(provider);
    return provider;
}

static void fetch(void *provider)
{
    dsql_credentials_free(dsql_credentials_fetch(provider, NULL));
}

static void a_thread_that_fetches_credentials_ends_its_fetch(void **state)
{
    (void)state;
    dsql_credentials_provider *provider = slow_provider();
    struct call call = {.run = fetch, .arg = provider};
    pthread_t thread = start(&call);
    sem_wait(&has_entered);
    assert_int_equal(pthread_cancel(thread), 0);
    sem_post(&may_go_on);
    assert_returned_and_cancelled(thread, &call);
    fetch(provider); /* from the cache */
    dsql_credentials_unref(provider);
}

static pid_t tid_of_waiting;

static void fetch_and_tell(void *provider)
{
    tid_of_waiting = (pid_t)syscall(SYS_gettid);
    sem_post(&has_entered);
    fetch(provider);
}

static void wait_until_asleep(pid_t tid)
{
    char path[64];
    char state = '\0';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
    while (state != 'S') {
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%*d %*s %c", &state), 1);
        fclose(file);
        sched_yield();
    }
}

static void a_thread_that_waits_for_another_ones_fetch_returns(void **state)
{
    (void)state;
    dsql_credentials_provider *provider = slow_provider();
    struct call fetching = {.run = fetch, .arg = provider};
    struct call waiting = {.run = fetch_and_tell, .arg = provider};
    pthread_t first;
    assert_int_equal(pthread_create(&first, NULL, make_call, &fetching), 0);
    sem_wait(&has_entered);
    pthread_t second = start(&waiting);
    sem_wait(&has_entered);
    wait_until_asleep(tid_of_waiting);
    assert_int_equal(pthread_cancel(second), 0);
    sem_post(&may_go_on);
    assert_returned_and_cancelled(second, &waiting);
    assert_int_equal(pthread_join(first, NULL), 0);
    fetch(provider);
    dsql_credentials_unref(provider);
}

/* Fetches with a new chain, so that nothing is cached. */
static void fetch_from_chain(void *is_found)
{
    dsql_credentials_provider *provider = dsql_credentials_default(NULL, NULL);
    dsql_credentials *credentials = dsql_credentials_fetch(provider, NULL);
    *(bool *)is_found = credentials != NULL;
    dsql_credentials_free(credentials);
    dsql_credentials_unref(provider);
    dsql_credentials_free(dsql_credentials_explain(NULL, NULL, NULL, NULL));
}

static void answer_with_keys(struct server_connection *connection)
{
    static const char body[] = "{\"AccessKeyId\":\"AKIDEXAMPLE\",\"SecretAccessKey\":\"secret\","
                               "\"Token\":\"t\",\"Expiration\":\"2999-01-01T00:00:00Z\"}";
    char answer[512];
    snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
             sizeof body - 1, body);
    server_say(connection, answer);
}

static void credentials_from_http_are_fetched(void **state)
{
    (void)state;
    static struct server server;
    char url[64];
    server_start(&server, NULL, NULL);
    atomic_store(&server.answer, answer_with_keys);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server.port);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    bool is_found = false;
    assert_returns_although_cancelled(fetch_from_chain, &is_found);
    assert_true(is_found);
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    server_stop(&server);
}

static void credentials_from_a_process_are_fetched(void **state)
{
    (void)state;
    char path[] = "/tmp/dsql-test-cancellation-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    static const char config[] =
        "[default]\ncredential_process = /bin/sh -c \"echo '{\\\"Version\\\":1,"
        "\\\"AccessKeyId\\\":\\\"AKIDEXAMPLE\\\",\\\"SecretAccessKey\\\":\\\"secret\\\"}'\"\n";
    assert_int_equal(write(file, config, sizeof config - 1), sizeof config - 1);
    close(file);
    setenv("AWS_CONFIG_FILE", path, 1);
    bool is_found = false;
    assert_returns_although_cancelled(fetch_from_chain, &is_found);
    assert_true(is_found);
    unsetenv("AWS_CONFIG_FILE");
    unlink(path);
}

struct connecting {
    dsql_credentials_provider *provider;
    PGconn *started;
};

/* PQfinish() in the caller's own code would be a cancellation point. */
static void use_options(void *arg)
{
    struct connecting *connecting = arg;
    const dsql_options *options =
        DSQL_OPTIONS(.conninfo = "host=localhost hostaddr=127.0.0.1 port=1 region=us-east-1",
                     .credentials = connecting->provider);
    dsql_token_free(dsql_token(options, NULL, NULL));
    dsql_params_free(dsql_params_new(options, NULL));
    connecting->started = dsql_connect_start(options, NULL);
    if (dsql_connect(options, NULL) != NULL || dsql_pool_open(options, NULL) != NULL) {
        abort();
    }
}

static dsql_status fetch_at_a_cancellation_point(void *arg, dsql_credentials *out, dsql_error *err)
{
    (void)err;
    atomic_fetch_add((atomic_int *)arg, 1);
    pthread_testcancel();
    return dsql_credentials_set(out, "AKIDEXAMPLE", "secret", NULL, 0);
}

static void tokens_and_connections_are_made(void **state)
{
    (void)state;
    atomic_int fetches = 0;
    dsql_credentials_provider *provider =
        dsql_credentials_custom(fetch_at_a_cancellation_point, NULL, &fetches, NULL);
    struct connecting connecting = {.provider = provider};
    assert_returns_although_cancelled(use_options, &connecting);
    PQfinish(connecting.started);
    assert_int_equal(atomic_load(&fetches), 1);
    dsql_credentials_unref(provider);
}

static PGconn *open_slowly(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)deadline_ms;
    (void)err;
    if (atomic_fetch_add((atomic_int *)arg, 1) == 1) { /* the second one */
        sem_post(&has_entered);
        sem_wait(&may_go_on);
    }
    return postgres_connect();
}

static void a_connection_being_opened_is_not_lost(void **state)
{
    (void)state;
    assert_int_equal(sem_init(&has_entered, 0, 0), 0);
    assert_int_equal(sem_init(&may_go_on, 0, 0), 0);
    atomic_int opened = 0;
    struct pool_parts parts = pools_parts(CONNECTIONS, -1);
    parts.connector = (struct pool_connector){.open = open_slowly, .arg = &opened};
    dsql_pool *pool = pools_open(&parts);
    PGconn *first = dsql_pool_acquire(pool, NULL);
    void *pool_and_conn[2] = {pool, NULL};
    struct call call = {.run = acquire, .arg = pool_and_conn};
    pthread_t thread = start(&call);
    sem_wait(&has_entered);
    assert_int_equal(pthread_cancel(thread), 0);
    sem_post(&may_go_on);
    assert_returned_and_cancelled(thread, &call);
    dsql_pool_release(pool, pool_and_conn[1]);
    dsql_pool_release(pool, first);
    assert_whole(pool);
}

/* ---- Callbacks and bodies ---- */

static int cancellation_state(void)
{
    int state = -1;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_setcancelstate(state, &(int){0});
    return state;
}

static void look_in_hook(PGconn *conn)
{
    (void)conn;
    assert_int_equal(cancellation_state(), PTHREAD_CANCEL_DISABLE);
}

static dsql_status look_in_body(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    look_in_hook(conn);
    return DSQL_OK;
}

static void leave_by_return(dsql_pool *pool)
{
    PGconn *conn;
    dsql_error err;
    DSQL_TRANSACTION(pool, conn, &err) {
        look_in_hook(conn);
        return;
    }
}

static void cancellation_is_held_off_in_callbacks(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    PGconn *first = dsql_pool_acquire(pool, NULL);
    world.on_connect = look_in_hook;
    PGconn *second = dsql_pool_acquire(pool, NULL);
    world.on_connect = NULL;
    dsql_pool_release(pool, second);
    dsql_pool_release(pool, first);
    for (int i = 0; i < 2; i++) {
        const int before[] = {PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DISABLE};
        pthread_setcancelstate(before[i], &(int){0});
        assert_int_equal(dsql_transaction(pool, look_in_body, NULL, NULL), DSQL_OK);
        assert_int_equal(cancellation_state(), before[i]);
        PGconn *conn;
        dsql_error err;
        DSQL_TRANSACTION(pool, conn, &err) {
            look_in_hook(conn);
            leave_by_return(pool); /* a loop in a loop */
            look_in_hook(conn);
        }
        assert_int_equal(err.status, DSQL_OK);
        assert_int_equal(cancellation_state(), before[i]);
        assert_null(dsql_transaction_loop_new(NULL, NULL, NULL, NULL));
        assert_int_equal(cancellation_state(), before[i]);
    }
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &(int){0});
    assert_whole(pool);
}

static dsql_status add_one_and_exit(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    world_run(conn, ADD_ONE);
    pthread_exit(PTHREAD_CANCELED);
}

static dsql_status add_one_and_be_cancelled(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    pthread_cancel(pthread_self());
    world_run(conn, ADD_ONE); /* held off */
    static int before;        /* on the stack, ASan's marks around it would outlive the frame */
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    pthread_testcancel();
    abort();
}

struct transaction {
    dsql_pool *pool;
    dsql_txn_fn body;
};

static void *run_transaction(void *arg)
{
    const struct transaction *transaction = arg;
    (void)!dsql_transaction(transaction->pool, transaction->body, NULL, NULL);
    return NULL;
}

static void a_body_that_ends_its_thread_is_rolled_back(void **state)
{
    (void)state;
    const dsql_txn_fn bodies[] = {add_one_and_exit, add_one_and_be_cancelled};
    dsql_pool *pool = world_pool(4, -1);
    for (int i = 0; i < 2 * CONNECTIONS; i++) {
        struct transaction transaction = {.pool = pool, .body = bodies[i % 2]};
        pthread_t thread;
        void *outcome = NULL;
        assert_int_equal(pthread_create(&thread, NULL, run_transaction, &transaction), 0);
        assert_int_equal(pthread_join(thread, &outcome), 0);
        assert_ptr_equal(outcome, PTHREAD_CANCELED);
    }
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    assert_int_equal(stats.opened, 1); /* the connection is used again */
    assert_int_equal(world_counter(), 0);
    assert_whole(pool);
}

#define CASE(name) cmocka_unit_test_setup(name, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_acquire_that_opens_a_connection_returns),
        CASE(a_pool_with_idle_connections_is_closed),
        CASE(single_statements_return),
        CASE(begin_and_commit_return),
        CASE(a_batch_is_sent),
        CASE(a_wait_for_a_job_returns),
        CASE(an_event_loop_gets_its_connection),
        CASE(a_thread_in_the_queue_gets_its_connection),
        CASE(a_thread_that_closes_a_pool_closes_it),
        CASE(a_thread_that_fetches_credentials_ends_its_fetch),
        CASE(a_thread_that_waits_for_another_ones_fetch_returns),
        CASE(credentials_from_http_are_fetched),
        CASE(credentials_from_a_process_are_fetched),
        CASE(tokens_and_connections_are_made),
        CASE(a_connection_being_opened_is_not_lost),
        CASE(cancellation_is_held_off_in_callbacks),
        CASE(a_body_that_ends_its_thread_is_rolled_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
