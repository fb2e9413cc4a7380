/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools and fork().  Children report by their exit status, in which the number of the line
 * that failed comes back.
 */
#include "connect/connection.h"
#include "fake_server.h"
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The thread sanitizer cannot start a thread in the child of a program with threads.  And what
 * another thread has locked of the address sanitizer's allocator stays locked in the child
 * (until gcc 14 and LLVM 17): the child waits for ever.
 */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
static const volatile bool is_possible = false;
#elif defined(__has_feature)
static const volatile bool is_possible =
    /* NOLINTNEXTLINE(misc-redundant-expression): both are 0 in most builds */
    !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer);
#else
static const volatile bool is_possible = true;
#endif

#define CHECK(condition) check((condition), __LINE__)

static void check(bool condition, int line)
{
    if (!condition) {
        fprintf(stderr, "child: line %d\n", line);
        _exit(1);
    }
}

static pid_t in_child(void (*body)(dsql_pool *pool, PGconn *conn), dsql_pool *pool, PGconn *conn)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        body(pool, conn);
        _exit(0);
    }
    return child;
}

static void expect_good_end(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void run_in_child(void (*body)(dsql_pool *pool, PGconn *conn), dsql_pool *pool, PGconn *conn)
{
    expect_good_end(in_child(body, pool, conn));
}

static dsql_pool *pool_of(int max)
{
    struct pool_parts parts = pools_parts(max, 5000);
    return pools_open(&parts);
}

static int parent_backend;

static void use_the_pool(dsql_pool *pool, PGconn *conn)
{
    (void)conn;
    CHECK(pools_stats(pool).open == 0 && pools_stats(pool).idle == 0);
    PGconn *own = pools_acquire(pool);
    CHECK(pools_works(own));
    CHECK(PQbackendPID(own) != parent_backend);
    dsql_pool_release(pool, own);
    CHECK(pools_stats(pool).opened == 1 && pools_stats(pool).idle == 1);
    CHECK(dsql_pool_close(pool, 0) == DSQL_OK);
}

static void a_child_gets_connections_of_its_own(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *conn = pools_acquire(pool);
    parent_backend = PQbackendPID(conn);
    dsql_pool_release(pool, conn);
    run_in_child(use_the_pool, pool, NULL);
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_int_equal(PQbackendPID(conn), parent_backend);
    assert_true(pools_works(conn));
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).opened, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void misuse_the_connection(dsql_pool *pool, PGconn *conn)
{
    (void)pool;
    PGresult *result = PQexec(conn, "SELECT 1");
    CHECK(PQresultStatus(result) != PGRES_TUPLES_OK);
    PQclear(result);
}

static void release_the_connection(dsql_pool *pool, PGconn *conn)
{
    misuse_the_connection(pool, conn);
    dsql_pool_release(pool, conn);
    use_the_pool(pool, NULL); /* its slot is still in use */
}

static void finish_the_connection(dsql_pool *pool, PGconn *conn)
{
    PQfinish(conn);
    use_the_pool(pool, NULL);
}

static void close_the_pool_first(dsql_pool *pool, PGconn *conn)
{
    CHECK(dsql_pool_close(pool, 0) == DSQL_OK); /* the connections in use are the parent's */
    PQfinish(conn);
}

static void just_leave(dsql_pool *pool, PGconn *conn)
{
    (void)pool;
    (void)conn;
}

static void a_child_does_not_affect_a_connection_in_use_in_the_parent(void **state)
{
    (void)state;
    static void (*const bodies[])(dsql_pool * pool, PGconn * conn) = {
        misuse_the_connection, release_the_connection, finish_the_connection, close_the_pool_first,
        just_leave};
    dsql_pool *pool = pool_of(1);
    PGconn *conn = pools_acquire(pool);
    parent_backend = PQbackendPID(conn);
    PQclear(PQexec(conn, "BEGIN"));
    PQclear(PQexec(conn, "CREATE TEMP TABLE mine (n int)"));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        run_in_child(bodies[i], pool, conn);
        assert_true(pools_works(conn));
        assert_int_equal(pools_ask(conn, "SELECT count(*) FROM mine"), 0);
        assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    }
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).opened, 1);
    assert_int_equal(pools_stats(pool).idle, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void fork_again(dsql_pool *pool, PGconn *conn)
{
    PGconn *own = pools_acquire(pool);
    parent_backend = PQbackendPID(own);
    int status = -1;
    pid_t grandchild = fork();
    if (grandchild == 0) {
        dsql_pool_release(pool, own);
        dsql_pool_release(pool, conn); /* acquired two generations ago */
        use_the_pool(pool, NULL);
        _exit(0);
    }
    CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0);
    CHECK(pools_works(own));
    dsql_pool_release(pool, own);
    CHECK(dsql_pool_close(pool, 0) == DSQL_OK);
}

static void a_child_may_have_children(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(2);
    PGconn *conn = pools_acquire(pool);
    run_in_child(fork_again, pool, conn);
    assert_true(pools_works(conn));
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void wait_for_warmth(dsql_pool *pool, PGconn *conn)
{
    (void)conn;
    while (pools_stats(pool).idle < 2) {
        sched_yield();
    }
    CHECK(dsql_pool_close(pool, -1) == DSQL_OK);
}

static void a_child_has_a_maintenance_thread_of_its_own(void **state)
{
    (void)state;
    struct pool_parts parts = pools_parts(4, 5000);
    parts.pool.min_idle = 2;
    dsql_pool *pool = pools_open(&parts);
    while (pools_stats(pool).idle < 2) {
        sched_yield();
    }
    run_in_child(wait_for_warmth, pool, NULL);
    assert_int_equal(pools_stats(pool).idle, 2);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

/* ---- Event loops ---- */

static dsql_acquire *acquire_of_parent;

static void poll_the_acquire_of_the_parent(dsql_pool *pool, PGconn *conn)
{
    (void)conn;
    PGconn *none = NULL;
    dsql_error err = {0};
    CHECK(dsql_acquire_poll(acquire_of_parent, &none, &err) == PGRES_POLLING_FAILED);
    CHECK(none == NULL && err.status == DSQL_ERR_USAGE);
    dsql_acquire_free(acquire_of_parent);
    dsql_acquire *own = dsql_pool_acquire_start(pool, NULL, NULL);
    CHECK(own != NULL);
    dsql_acquire_free(own);
    use_the_pool(pool, NULL);
}

static void a_child_cannot_use_an_acquire_of_its_parent(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    parent_backend = PQbackendPID(lent);
    acquire_of_parent = dsql_pool_acquire_start(pool, NULL, NULL);
    run_in_child(poll_the_acquire_of_the_parent, pool, NULL);
    PGconn *conn = NULL;
    assert_int_equal(dsql_acquire_poll(acquire_of_parent, &conn, NULL), PGRES_POLLING_READING);
    dsql_pool_release(pool, lent);
    run_in_child(poll_the_acquire_of_the_parent, pool, NULL);
    assert_int_equal(dsql_acquire_poll(acquire_of_parent, &conn, NULL), PGRES_POLLING_OK);
    assert_true(pools_works(conn));
    dsql_acquire_free(acquire_of_parent);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- While other threads are busy ---- */

enum { WORKERS = 6, FORKS = 12 };

struct busy {
    dsql_pool *pool;
    atomic_bool is_over;
    atomic_int failures;
};

static void *keep_busy(void *arg)
{
    struct busy *busy = arg;
    while (!atomic_load(&busy->is_over)) {
        PGconn *conn = dsql_pool_acquire(busy->pool, NULL);
        if (conn == NULL || !pools_works(conn)) {
            atomic_fetch_add(&busy->failures, 1);
        }
        dsql_pool_release(busy->pool, conn);
    }
    return NULL;
}

static void use_and_leave(dsql_pool *pool, PGconn *conn)
{
    (void)conn;
    PGconn *own = pools_acquire(pool);
    CHECK(pools_works(own));
    dsql_pool_release(pool, own);
    CHECK(dsql_pool_close(pool, 0) == DSQL_OK);
}

static void forks_during_work_harm_neither_process(void **state)
{
    (void)state;
    struct busy busy = {.pool = pool_of(3)}; /* half of the workers wait */
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_busy, &busy), 0);
    }
    for (int i = 0; i < FORKS; i++) {
        run_in_child(use_and_leave, busy.pool, NULL);
    }
    atomic_store(&busy.is_over, true);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&busy.failures), 0);
    assert_true(pools_stats(busy.pool).opened <= 3);
    assert_int_equal(dsql_pool_close(busy.pool, 0), DSQL_OK);
}

/* ---- Over TLS, where one byte from the child would end the session ---- */

static void answer_queries(struct fake_client *client, int number, void *arg)
{
    atomic_int *queries = arg;
    char body[5000];
    char type = '\0';
    (void)number;
    if (!fake_read_password(client, body, sizeof body) || !fake_send_ready(client)) {
        return;
    }
    while (fake_read_message(client, &type, body, sizeof body) && type == 'Q') {
        atomic_fetch_add(queries, 1);
        fake_send_message(client, 'C', "SET", 4);
        fake_send_message(client, 'Z', "I", 1);
    }
}

static PGconn *open_tls(void *arg, int64_t deadline_ms, dsql_error *err)
{
    const char *conninfo = arg;
    (void)deadline_ms;
    (void)err;
    return PQconnectdb(conninfo);
}

static void finish_over_tls(dsql_pool *pool, PGconn *conn)
{
    PQclear(PQexec(conn, "SET x = y"));
    PQfinish(conn);
    CHECK(dsql_pool_close(pool, 0) == DSQL_OK);
}

static void a_child_sends_nothing_on_the_parent_s_tls_session(void **state)
{
    (void)state;
    static const struct fake_identity identity = {.name = "h.example"};
    atomic_int queries = 0;
    struct fake_server *server = fake_server_start(&identity, answer_queries, &queries);
    char conninfo[300];
    snprintf(conninfo, sizeof conninfo,
             "host=h.example hostaddr=127.0.0.1 port=%s sslmode=verify-full sslrootcert=%s user=u "
             "password=p gssencmode=disable",
             fake_server_port(server), fake_server_ca_file(server));
    struct pool_parts parts = pools_parts(1, 5000);
    parts.connector = (struct pool_connector){.open = open_tls, .arg = conninfo};
    dsql_pool *pool = pools_open(&parts);
    PGconn *conn = pools_acquire(pool);
    assert_int_equal(PQsslInUse(conn), 1);
    run_in_child(finish_over_tls, pool, conn);
    PGresult *result = PQexec(conn, "SET x = y");
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    assert_int_equal(atomic_load(&queries), 1); /* not the child's */
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    fake_server_stop(server);
}

int main(void)
{
    if (!is_possible) {
        puts("not with the sanitizers of threads and addresses");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_gets_connections_of_its_own),
        cmocka_unit_test(a_child_does_not_affect_a_connection_in_use_in_the_parent),
        cmocka_unit_test(a_child_may_have_children),
        cmocka_unit_test(a_child_has_a_maintenance_thread_of_its_own),
        cmocka_unit_test(a_child_cannot_use_an_acquire_of_its_parent),
        cmocka_unit_test(forks_during_work_harm_neither_process),
        cmocka_unit_test(a_child_sends_nothing_on_the_parent_s_tls_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
