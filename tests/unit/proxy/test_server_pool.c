/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The rules one by one; then random events, after each of which what must be true is checked. */
#include "proxy/server_pool.h"
#include "unit.h"

#include <string.h>

enum { SERVERS = 12, WAITERS = 40, MAX = 8, LIFETIME_MS = 10000, STEPS = 200000 };

static uint64_t zero(void *arg)
{
    (void)arg;
    return 0;
}

static const struct random_source no_jitter = {.next = zero};

static struct server_pool_limits limits(size_t min_idle)
{
    return (struct server_pool_limits){.max = MAX,
                                       .min_idle = min_idle,
                                       .lifetime_ms = LIFETIME_MS,
                                       .idle_ms = 3000,
                                       .check_idle_ms = 1000,
                                       .replace_ahead_ms = 500,
                                       .random = &no_jitter};
}

struct fixture {
    struct server_pool pool;
    struct pooled_server servers[SERVERS];
    struct pool_waiter waiters[WAITERS];
    int64_t now_ms;
};

static void begin(struct fixture *fixture, size_t min_idle)
{
    const struct server_pool_limits all = limits(min_idle);
    memset(fixture, 0, sizeof *fixture);
    server_pool_init(&fixture->pool, &all);
}

static struct server_pool_step expect(struct fixture *fixture, enum server_pool_action action)
{
    struct server_pool_step step = server_pool_next(&fixture->pool, fixture->now_ms);
    assert_int_equal(step.action, action);
    return step;
}

static void open(struct fixture *fixture, size_t i)
{
    server_pool_open(&fixture->pool, &fixture->servers[i]);
    server_pool_opened(&fixture->pool, &fixture->servers[i], fixture->now_ms);
}

static void wait_for(struct fixture *fixture, size_t i, int64_t ms)
{
    server_pool_wait(&fixture->pool, &fixture->waiters[i], fixture->now_ms + ms);
}

static void the_oldest_client_gets_the_newest_connection(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 0);
    open(&fixture, 0);
    open(&fixture, 1);
    wait_for(&fixture, 0, 100);
    wait_for(&fixture, 1, 100);
    struct server_pool_step step = expect(&fixture, SERVER_POOL_LEND);
    assert_ptr_equal(step.server, &fixture.servers[1]);
    assert_ptr_equal(step.waiter, &fixture.waiters[0]);
    assert_false(step.is_unchecked);
    step = expect(&fixture, SERVER_POOL_LEND);
    assert_ptr_equal(step.server, &fixture.servers[0]);
    assert_ptr_equal(step.waiter, &fixture.waiters[1]);
    expect(&fixture, SERVER_POOL_NOTHING);
}

static void one_is_opened_for_each_client_that_waits(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 0);
    for (size_t i = 0; i < MAX + 2; i++) {
        wait_for(&fixture, i, 100);
    }
    for (size_t i = 0; i < MAX; i++) {
        expect(&fixture, SERVER_POOL_OPEN);
        server_pool_open(&fixture.pool, &fixture.servers[i]);
    }
    expect(&fixture, SERVER_POOL_NOTHING);
    server_pool_opened(&fixture.pool, &fixture.servers[3], 0);
    assert_ptr_equal(expect(&fixture, SERVER_POOL_LEND).server, &fixture.servers[3]);
    server_pool_gone(&fixture.pool, &fixture.servers[4]);
    expect(&fixture, SERVER_POOL_OPEN);
}

static void who_waits_too_long_is_told(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 0);
    wait_for(&fixture, 0, 200);
    wait_for(&fixture, 1, 100);
    wait_for(&fixture, 2, 300);
    server_pool_leave(&fixture.pool, &fixture.waiters[2]);
    assert_int_equal(server_pool_wake_ms(&fixture.pool, 0), 100);
    fixture.now_ms = 100;
    open(&fixture, 0);
    assert_ptr_equal(expect(&fixture, SERVER_POOL_EXPIRE).waiter, &fixture.waiters[1]);
    assert_ptr_equal(expect(&fixture, SERVER_POOL_LEND).waiter, &fixture.waiters[0]);
    assert_int_equal(fixture.pool.waiting, 0);
}

static void an_expired_one_is_closed_when_it_comes_back(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 0);
    open(&fixture, 0);
    wait_for(&fixture, 0, 100);
    expect(&fixture, SERVER_POOL_LEND);
    fixture.now_ms = LIFETIME_MS;
    expect(&fixture, SERVER_POOL_NOTHING); /* not while it is lent */
    server_pool_return(&fixture.pool, &fixture.servers[0], true, fixture.now_ms);
    wait_for(&fixture, 1, 100);
    assert_ptr_equal(expect(&fixture, SERVER_POOL_CLOSE).server, &fixture.servers[0]);
    expect(&fixture, SERVER_POOL_OPEN);
    server_pool_gone(&fixture.pool, &fixture.servers[0]);
}

static void one_that_is_not_usable_is_closed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 0);
    open(&fixture, 0);
    wait_for(&fixture, 0, 100);
    expect(&fixture, SERVER_POOL_LEND);
    server_pool_return(&fixture.pool, &fixture.servers[0], false, 0);
    wait_for(&fixture, 1, 100);
    expect(&fixture, SERVER_POOL_CLOSE);
}

static void some_are_kept_ready_and_replaced_ahead(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 2);
    expect(&fixture, SERVER_POOL_OPEN);
    open(&fixture, 0);
    expect(&fixture, SERVER_POOL_OPEN);
    open(&fixture, 1);
    expect(&fixture, SERVER_POOL_NOTHING);
    assert_int_equal(server_pool_wake_ms(&fixture.pool, 0), LIFETIME_MS - 500);
    fixture.now_ms = LIFETIME_MS - 500;
    expect(&fixture, SERVER_POOL_OPEN);
    open(&fixture, 2);
    /* Two of three are enough: the least recently used one goes. */
    assert_ptr_equal(expect(&fixture, SERVER_POOL_CLOSE).server, &fixture.servers[0]);
    expect(&fixture, SERVER_POOL_OPEN);
    open(&fixture, 3);
    assert_ptr_equal(expect(&fixture, SERVER_POOL_CLOSE).server, &fixture.servers[1]);
    expect(&fixture, SERVER_POOL_NOTHING);
}

static void what_nobody_uses_is_closed_or_checked(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 1);
    open(&fixture, 0);
    open(&fixture, 1);
    fixture.now_ms = 1000;
    wait_for(&fixture, 0, 100);
    assert_true(expect(&fixture, SERVER_POOL_LEND).is_unchecked);
    server_pool_return(&fixture.pool, &fixture.servers[1], true, 1000);
    fixture.now_ms = 3000;
    assert_ptr_equal(expect(&fixture, SERVER_POOL_CLOSE).server, &fixture.servers[0]);
    fixture.now_ms = 5000;
    expect(&fixture, SERVER_POOL_NOTHING);
    assert_ptr_equal(server_pool_reclaim(&fixture.pool), &fixture.servers[1]);
    assert_null(server_pool_reclaim(&fixture.pool));
}

/* As for a role that the cluster refuses. */
static void after_a_failure_none_is_opened_for_nobody(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 2);
    (void)expect(&fixture, SERVER_POOL_OPEN);
    server_pool_open(&fixture.pool, &fixture.servers[0]);
    server_pool_gone(&fixture.pool, &fixture.servers[0]);
    (void)expect(&fixture, SERVER_POOL_NOTHING);
    fixture.now_ms += 100000;
    (void)expect(&fixture, SERVER_POOL_NOTHING);
    wait_for(&fixture, 0, 100);
    (void)expect(&fixture, SERVER_POOL_OPEN);
    open(&fixture, 0);
    (void)expect(&fixture, SERVER_POOL_LEND);
    (void)expect(&fixture, SERVER_POOL_OPEN); /* to be kept ready */
}

static void a_pool_that_closes_opens_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 2);
    open(&fixture, 0);
    fixture.pool.is_closing = true;
    wait_for(&fixture, 0, 100);
    expect(&fixture, SERVER_POOL_CLOSE);
    expect(&fixture, SERVER_POOL_NOTHING);
}

/* ---- Random events ---- */

static uint64_t seed_state;

static uint64_t next_random(void *arg)
{
    (void)arg;
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return seed_state;
}

static size_t pick(size_t count)
{
    return (size_t)(next_random(NULL) % count);
}

/* What the pool cannot know: who holds what. */
static struct pool_waiter *holder[SERVERS];

static void check_books(const struct fixture *fixture)
{
    size_t counts[POOLED_CLOSING + 1] = {0};
    size_t waiting = 0;
    for (size_t i = 0; i < SERVERS; i++) {
        counts[fixture->servers[i].state]++;
        assert_int_equal(fixture->servers[i].state == POOLED_LENT, holder[i] != NULL);
    }
    for (size_t i = 0; i < WAITERS; i++) {
        waiting += fixture->waiters[i].is_waiting ? 1 : 0;
    }
    assert_int_equal(counts[POOLED_CONNECTING], fixture->pool.connecting);
    assert_int_equal(counts[POOLED_IDLE], fixture->pool.idle);
    assert_int_equal(counts[POOLED_LENT], fixture->pool.lent);
    assert_int_equal(counts[POOLED_CLOSING], fixture->pool.closing);
    assert_int_equal(waiting, fixture->pool.waiting);
    assert_true(SERVERS - counts[POOLED_NONE] <= MAX);
}

static struct pooled_server *any(struct fixture *fixture, enum pooled_server_state state)
{
    size_t first = pick(SERVERS);
    for (size_t i = 0; i < SERVERS; i++) {
        struct pooled_server *server = &fixture->servers[(first + i) % SERVERS];
        if (server->state == state) {
            return server;
        }
    }
    return NULL;
}

static void do_step(struct fixture *fixture, const struct server_pool_step *step)
{
    switch (step->action) {
    case SERVER_POOL_LEND:
        assert_true(step->server->expires_ms > fixture->now_ms);
        assert_true(step->server->state == POOLED_LENT && !step->waiter->is_waiting);
        holder[step->server - fixture->servers] = step->waiter;
        break;
    case SERVER_POOL_OPEN:
        server_pool_open(&fixture->pool, any(fixture, POOLED_NONE));
        break;
    case SERVER_POOL_CLOSE:
        assert_int_equal(step->server->state, POOLED_CLOSING);
        break;
    case SERVER_POOL_EXPIRE:
        assert_false(step->waiter->is_waiting);
        break;
    case SERVER_POOL_NOTHING:
        break;
    }
}

/* When nothing is to be done, nobody waits who could be served. */
static void run_until_nothing(struct fixture *fixture)
{
    struct server_pool_step step = {.action = SERVER_POOL_OPEN};
    for (int i = 0; step.action != SERVER_POOL_NOTHING; i++) {
        assert_true(i < 1000);
        step = server_pool_next(&fixture->pool, fixture->now_ms);
        do_step(fixture, &step);
        check_books(fixture);
    }
    const struct server_pool *pool = &fixture->pool;
    size_t total = pool->connecting + pool->idle + pool->lent + pool->closing;
    assert_true(pool->waiting == 0 || pool->idle == 0);
    assert_true(pool->waiting <= pool->connecting || total == MAX);
    assert_true(server_pool_wake_ms(pool, fixture->now_ms) > fixture->now_ms);
}

static void random_event(struct fixture *fixture)
{
    struct pool_waiter *waiter = &fixture->waiters[pick(WAITERS)];
    enum pooled_server_state state = (enum pooled_server_state)(1 + pick(4));
    struct pooled_server *server = any(fixture, state);
    size_t choice = pick(10);
    if (choice < 4 && !waiter->is_waiting) {
        server_pool_wait(&fixture->pool, waiter, fixture->now_ms + 1 + (int64_t)pick(2000));
    } else if (choice == 4) {
        server_pool_leave(&fixture->pool, waiter);
    } else if (choice == 5) {
        fixture->now_ms += (int64_t)pick(500);
    } else if (server == NULL) {
        return;
    } else if (choice == 6 || state == POOLED_CLOSING) {
        holder[server - fixture->servers] = NULL;
        server_pool_gone(&fixture->pool, server);
    } else if (state == POOLED_CONNECTING) {
        server_pool_opened(&fixture->pool, server, fixture->now_ms);
    } else if (state == POOLED_LENT) {
        holder[server - fixture->servers] = NULL;
        server_pool_return(&fixture->pool, server, pick(10) > 0, fixture->now_ms);
    }
}

static void the_books_are_right_whatever_happens(void **state)
{
    (void)state;
    static struct fixture fixture;
    static const struct random_source random = {.next = next_random};
    seed_state = 88172645463325252U;
    begin(&fixture, 2);
    fixture.pool.limits.random = &random;
    for (int i = 0; i < STEPS; i++) {
        random_event(&fixture);
        run_until_nothing(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_client_gets_the_newest_connection),
        cmocka_unit_test(one_is_opened_for_each_client_that_waits),
        cmocka_unit_test(who_waits_too_long_is_told),
        cmocka_unit_test(an_expired_one_is_closed_when_it_comes_back),
        cmocka_unit_test(one_that_is_not_usable_is_closed),
        cmocka_unit_test(some_are_kept_ready_and_replaced_ahead),
        cmocka_unit_test(what_nobody_uses_is_closed_or_checked),
        cmocka_unit_test(after_a_failure_none_is_opened_for_nobody),
        cmocka_unit_test(a_pool_that_closes_opens_nothing),
        cmocka_unit_test(the_books_are_right_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
