/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "credentials/cache/provider.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_S = 1700000000, THREADS = 8, MINUTE = 60 };

/* A source under the test's control.  Threads may look at the counters. */
struct fake {
    atomic_int calls;
    atomic_int running;
    atomic_int most_running;
    atomic_int destroyed;
    atomic_bool is_held; /* the fetch does not return before this is false */
    atomic_int status;
    atomic_llong life_s; /* 0: never expires */
    atomic_llong now_s;
    atomic_llong wall_shift_s; /* how far the wall clock is off */
    struct clock clock;
    dsql_credentials_provider *provider;
};

static int64_t fake_wall_s(void *arg)
{
    struct fake *fake = arg;
    return atomic_load(&fake->now_s) + atomic_load(&fake->wall_shift_s);
}

static int64_t fake_monotonic_ms(void *arg)
{
    struct fake *fake = arg;
    return atomic_load(&fake->now_s) * 1000;
}

static dsql_status fill(struct fake *fake, int call, dsql_credentials *out)
{
    char id[] = "AKID0";
    int64_t life_s = atomic_load(&fake->life_s);
    id[4] = (char)('0' + call % 10);
    return dsql_credentials_set(out, id, "secret", "token",
                                life_s == 0 ? 0 : atomic_load(&fake->now_s) + life_s);
}

static dsql_status fake_fetch(void *arg, dsql_credentials *out, dsql_error *err)
{
    struct fake *fake = arg;
    int running = atomic_fetch_add(&fake->running, 1) + 1;
    if (running > atomic_load(&fake->most_running)) {
        atomic_store(&fake->most_running, running);
    }
    int call = atomic_fetch_add(&fake->calls, 1) + 1;
    while (atomic_load(&fake->is_held)) {
        sched_yield();
    }
    dsql_status status = (dsql_status)atomic_load(&fake->status);
    /* (fail): cmocka has a macro of that name */
    status = status == DSQL_OK ? fill(fake, call, out) : (fail)(err, status, "the fake is\nbroken");
    atomic_fetch_sub(&fake->running, 1);
    return status;
}

static void fake_destroy(void *arg)
{
    struct fake *fake = arg;
    atomic_fetch_add(&fake->destroyed, 1);
}

static void set_up(struct fake *fake, int64_t life_s)
{
    memset(fake, 0, sizeof *fake);
    atomic_store(&fake->now_s, START_S);
    atomic_store(&fake->life_s, life_s);
    fake->clock =
        (struct clock){.wall_s = fake_wall_s, .monotonic_ms = fake_monotonic_ms, .arg = fake};
    fake->provider = dsql_credentials_custom(fake_fetch, fake_destroy, fake, NULL);
    assert_non_null(fake->provider);
}

static void tear_down(struct fake *fake)
{
    dsql_credentials_unref(fake->provider);
    assert_int_equal(atomic_load(&fake->destroyed), 1);
}

static void later(struct fake *fake, int64_t seconds)
{
    atomic_fetch_add(&fake->now_s, seconds);
}

static void expect_id(struct fake *fake, const char *id)
{
    struct dsql_credentials got = {0};
    assert_int_equal(credentials_get(fake->provider, &fake->clock, &got, NULL), DSQL_OK);
    assert_string_equal(secret_string(&got.access_key_id), id);
    assert_string_equal(secret_string(&got.secret_access_key), "secret");
    assert_string_equal(secret_string(&got.session_token), "token");
    credentials_clear(&got);
}

static void expect_failure(struct fake *fake, dsql_status status, const char *message)
{
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    assert_int_equal(credentials_get(fake->provider, &fake->clock, &got, &err), status);
    assert_int_equal(err.status, status);
    assert_string_equal(err.message, message);
    assert_true(secret_is_empty(&got.access_key_id));
}

static void rejected_credentials_are_fetched_again_once(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    provider_mark_rejected(fake.provider);
    expect_id(&fake, "AKID2");
    expect_id(&fake, "AKID2");
    later(&fake, 10);
    provider_mark_rejected(fake.provider);
    atomic_store(&fake.status, DSQL_ERR_CREDENTIALS);
    expect_failure(&fake, DSQL_ERR_CREDENTIALS, "the fake is broken");
    atomic_store(&fake.status, DSQL_OK);
    later(&fake, 2);
    expect_id(&fake, "AKID4"); /* still rejected, so fetched again */
    expect_id(&fake, "AKID4");
    tear_down(&fake);
}

static void server_that_refuses_all_does_not_cause_a_storm(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    for (int i = 0; i < 100; i++) {
        provider_mark_rejected(fake.provider);
        expect_id(&fake, "AKID2");
    }
    later(&fake, 9);
    expect_id(&fake, "AKID2");
    later(&fake, 1);
    expect_id(&fake, "AKID3");
    tear_down(&fake);
}

static void fresh_credentials_are_fetched_once(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    later(&fake, 44 * MINUTE);
    expect_id(&fake, "AKID1");
    assert_int_equal(atomic_load(&fake.calls), 1);
    tear_down(&fake);
}

static void credentials_are_renewed_fifteen_minutes_before_their_end(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    later(&fake, 45 * MINUTE);
    expect_id(&fake, "AKID2");
    tear_down(&fake);
}

static void short_lived_credentials_are_not_renewed_at_each_use(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 9 * MINUTE);
    expect_id(&fake, "AKID1");
    later(&fake, 2 * MINUTE);
    expect_id(&fake, "AKID1");
    later(&fake, 2 * MINUTE);
    expect_id(&fake, "AKID2");
    tear_down(&fake);
}

static void failed_early_renewal_keeps_the_old_and_waits_a_minute(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    later(&fake, 46 * MINUTE);
    atomic_store(&fake.status, DSQL_ERR_CREDENTIALS);
    expect_id(&fake, "AKID1");
    expect_id(&fake, "AKID1");
    assert_int_equal(atomic_load(&fake.calls), 2);
    later(&fake, 61);
    expect_id(&fake, "AKID1");
    assert_int_equal(atomic_load(&fake.calls), 3);
    tear_down(&fake);
}

static void failed_renewal_in_the_last_five_minutes_is_an_error(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    later(&fake, 55 * MINUTE);
    atomic_store(&fake.status, DSQL_ERR_CREDENTIALS);
    expect_failure(&fake, DSQL_ERR_CREDENTIALS, "the fake is broken");
    atomic_store(&fake.status, DSQL_OK);
    later(&fake, 1);
    expect_id(&fake, "AKID3");
    tear_down(&fake);
}

static void credentials_without_end_are_looked_at_again_every_fifteen_minutes(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 0);
    expect_id(&fake, "AKID1");
    later(&fake, 15 * MINUTE - 1);
    expect_id(&fake, "AKID1");
    later(&fake, 1);
    expect_id(&fake, "AKID2");
    later(&fake, 15 * MINUTE);
    atomic_store(&fake.status, DSQL_ERR_CREDENTIALS);
    expect_id(&fake, "AKID2");
    tear_down(&fake);
}

static void first_failure_is_passed_on_with_its_status(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 0);
    atomic_store(&fake.status, DSQL_ERR_CALLBACK);
    expect_failure(&fake, DSQL_ERR_CALLBACK, "the fake is broken");
    tear_down(&fake);
}

static void expired_credentials_from_a_source_are_an_error(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, -1);
    expect_failure(&fake, DSQL_ERR_CREDENTIALS, "the AWS credentials have expired");
    tear_down(&fake);
}

static dsql_status fetch_nothing(void *arg, dsql_credentials *out, dsql_error *err)
{
    (void)out;
    (void)err;
    return *(dsql_status *)arg;
}

static void expect_message_of_nothing(dsql_status status, const char *message)
{
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    dsql_credentials_provider *provider =
        dsql_credentials_custom(fetch_nothing, NULL, &status, NULL);
    assert_int_not_equal(credentials_get(provider, clock_system(), &got, &err), DSQL_OK);
    assert_string_equal(err.message, message);
    dsql_credentials_unref(provider);
}

static void callback_that_says_nothing_still_gives_a_message(void **state)
{
    (void)state;
    expect_message_of_nothing(DSQL_OK, "the AWS credentials provider returned no credentials");
    expect_message_of_nothing(DSQL_ERR_TIMEOUT, "could not fetch AWS credentials: timeout");
}

static void callback_is_required(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_null(dsql_credentials_custom(NULL, NULL, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
}

static void failure_is_the_answer_for_a_second(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    atomic_store(&fake.status, DSQL_ERR_CREDENTIALS);
    for (int i = 0; i < 100; i++) {
        expect_failure(&fake, DSQL_ERR_CREDENTIALS, "the fake is broken");
    }
    assert_int_equal(atomic_load(&fake.calls), 1);
    later(&fake, 1);
    expect_failure(&fake, DSQL_ERR_CREDENTIALS, "the fake is broken");
    assert_int_equal(atomic_load(&fake.calls), 2);
    atomic_store(&fake.status, DSQL_OK);
    later(&fake, 1);
    expect_id(&fake, "AKID3");
    tear_down(&fake);
}

/* ---- Clocks that jump ---- */

static void clock_put_back_does_not_prolong_credentials(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    atomic_store(&fake.wall_shift_s, -24 * 60 * MINUTE);
    expect_id(&fake, "AKID1");
    later(&fake, 46 * MINUTE);
    expect_id(&fake, "AKID2");
    tear_down(&fake);
}

static void clock_put_forward_is_an_error_and_no_storm(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    atomic_store(&fake.wall_shift_s, 24 * 60 * MINUTE); /* all that comes has ended by now */
    for (int i = 0; i < 100; i++) {
        expect_failure(&fake, DSQL_ERR_CREDENTIALS, "the AWS credentials have expired");
    }
    assert_int_equal(atomic_load(&fake.calls), 2);
    atomic_store(&fake.wall_shift_s, 0);
    expect_id(&fake, "AKID1"); /* they were good all the time */
    tear_down(&fake);
}

static dsql_status fetch_same(void *arg, dsql_credentials *out, dsql_error *err)
{
    struct fake *fake = arg;
    (void)err;
    atomic_fetch_add(&fake->calls, 1);
    return dsql_credentials_set(out, "AKID", "secret", NULL, START_S + 10 * MINUTE);
}

/* As a container's agent does, which renews shortly before the end. */
static void source_that_has_nothing_newer_is_asked_rarely(void **state)
{
    (void)state;
    struct fake fake;
    struct dsql_credentials got = {0};
    set_up(&fake, 0);
    dsql_credentials_unref(fake.provider);
    atomic_store(&fake.destroyed, 0);
    fake.provider = dsql_credentials_custom(fetch_same, fake_destroy, &fake, NULL);
    for (int second = 0; second < 10 * MINUTE; second++) {
        assert_int_equal(credentials_get(fake.provider, &fake.clock, &got, NULL), DSQL_OK);
        credentials_clear(&got);
        later(&fake, 1);
    }
    assert_in_range(atomic_load(&fake.calls), 4, 20);
    tear_down(&fake);
}

/* ---- Callbacks that misbehave ---- */

static dsql_status fetch_oddly(void *arg, dsql_credentials *out, dsql_error *err)
{
    static char huge[100000];
    memset(huge, 'x', sizeof huge - 1);
    switch (*(int *)arg) {
    case 0: /* half of it, and then success */
        assert_int_equal(dsql_credentials_set(out, "AKID", huge, NULL, 0), DSQL_ERR_USAGE);
        return DSQL_OK;
    case 1: /* a message without an end */
        memset(err->message, 'm', sizeof err->message);
        return DSQL_ERR_TIMEOUT;
    case 2: /* filled, and then failure */
        assert_int_equal(dsql_credentials_set(out, "AKID", "secret", huge, 0), DSQL_ERR_USAGE);
        assert_int_equal(dsql_credentials_set(out, "AKID", "secret", NULL, 0), DSQL_OK);
        return DSQL_ERR_COMMIT_UNKNOWN;
    default: /* a status that does not exist */
        return (dsql_status)12345;
    }
}

static void expect_odd(int what, dsql_status status, const char *message)
{
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    dsql_credentials_provider *provider = dsql_credentials_custom(fetch_oddly, NULL, &what, NULL);
    assert_int_equal(credentials_get(provider, clock_system(), &got, &err), status);
    assert_int_equal(err.status, status);
    assert_int_equal(strncmp(err.message, message, strlen(message)), 0);
    assert_true(secret_is_empty(&got.access_key_id));
    dsql_credentials_unref(provider);
}

static void callback_that_misbehaves_is_survived(void **state)
{
    (void)state;
    expect_odd(0, DSQL_ERR_CREDENTIALS, "the AWS credentials provider returned no credentials");
    expect_odd(1, DSQL_ERR_TIMEOUT, "mmmm");
    expect_odd(2, DSQL_ERR_CREDENTIALS, "could not fetch AWS credentials: credentials");
    expect_odd(3, DSQL_ERR_CREDENTIALS, "could not fetch AWS credentials: credentials");
}

static dsql_status fetch_from_itself(void *arg, dsql_credentials *out, dsql_error *err)
{
    dsql_credentials_provider **provider = arg;
    return credentials_get(*provider, clock_system(), out, err);
}

static void callback_that_asks_its_own_provider_does_not_hang(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    dsql_credentials_provider *provider = NULL;
    provider = dsql_credentials_custom(fetch_from_itself, NULL, &provider, NULL);
    assert_int_equal(credentials_get(provider, clock_system(), &got, &err), DSQL_ERR_USAGE);
    assert_string_equal(err.message,
                        "a credentials callback must not fetch from the provider that called it");
    dsql_credentials_unref(provider);
}

/* ---- What is logged ---- */

static char logged[512];

static void keep_log(void *arg, dsql_log_level level, const char *message)
{
    (void)arg;
    snprintf(logged, sizeof logged, "%d %s", (int)level, message);
}

static void expect_logged(const char *expected)
{
    assert_string_equal(logged, expected);
    logged[0] = '\0';
}

static void failure_that_the_caller_hears_is_not_logged_each_second(void **state)
{
    (void)state;
    struct fake fake;
    const struct logger logger = {.write = keep_log};
    set_up(&fake, 60 * MINUTE);
    provider_log_to(fake.provider, &logger);
    expect_id(&fake, "AKID1");
    atomic_store(&fake.status, DSQL_ERR_CREDENTIALS);
    later(&fake, 59 * MINUTE);
    expect_failure(&fake, DSQL_ERR_CREDENTIALS, "the fake is broken");
    expect_logged("1 could not renew the AWS credentials; the current ones expire in 60 s: the "
                  "fake is broken");
    later(&fake, 2 * MINUTE);
    expect_failure(&fake, DSQL_ERR_CREDENTIALS, "the fake is broken");
    expect_logged("");
    later(&fake, 2);
    atomic_store(&fake.status, DSQL_OK);
    expect_id(&fake, "AKID4");
    expect_logged("2 the AWS credentials have a new access key (...?, previously ...?)");
    tear_down(&fake);
}

static dsql_status fetch_long_key(void *arg, dsql_credentials *out, dsql_error *err)
{
    (void)err;
    return dsql_credentials_set(out, *(const char **)arg, "secret", NULL, 0);
}

static void another_access_key_and_a_failed_renewal_are_logged(void **state)
{
    (void)state;
    struct fake fake;
    struct dsql_credentials got = {0};
    const struct logger logger = {.write = keep_log};
    const char *id = "AKIAIOSFODNN7EXAMPLE";
    set_up(&fake, 0);
    provider_log_to(fake.provider, &logger);
    expect_id(&fake, "AKID1");
    expect_logged("");
    later(&fake, 15 * MINUTE);
    expect_id(&fake, "AKID2");
    expect_logged("2 the AWS credentials have a new access key (...?, previously ...?)");
    later(&fake, 15 * MINUTE);
    atomic_store(&fake.status, DSQL_ERR_CREDENTIALS);
    expect_id(&fake, "AKID2");
    expect_logged("1 could not renew the AWS credentials; the current ones do not expire: "
                  "the fake is broken");
    tear_down(&fake);

    dsql_credentials_provider *provider = dsql_credentials_custom(fetch_long_key, NULL, &id, NULL);
    provider_log_to(provider, &logger);
    for (int i = 0; i < 3; i++) {
        id = i < 2 ? id : "AKIAI44QH8DHBEXAMPL2";
        assert_int_equal(credentials_get(provider, &fake.clock, &got, NULL), DSQL_OK);
        credentials_clear(&got);
        later(&fake, 15 * MINUTE);
    }
    expect_logged("2 the AWS credentials have a new access key (...MPL2, previously ...MPLE)");
    dsql_credentials_unref(provider);
}

/* ---- Threads ---- */

/* In a thread nothing may be asserted: NULL says that it went wrong. */
static void *get_in_thread(void *arg)
{
    struct fake *fake = arg;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    dsql_status status = credentials_get(fake->provider, &fake->clock, &got, &err);
    bool is_expected = status == (dsql_status)atomic_load(&fake->status) && status == err.status &&
                       (status != DSQL_OK || !secret_is_empty(&got.access_key_id));
    credentials_clear(&got);
    return is_expected ? fake : NULL;
}

static void join(struct fake *fake, pthread_t thread)
{
    void *result = NULL;
    pthread_join(thread, &result);
    assert_ptr_equal(result, fake);
}

static void run_together(struct fake *fake)
{
    pthread_t threads[THREADS];
    atomic_store(&fake->is_held, true);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, get_in_thread, fake), 0);
    }
    while (atomic_load(&fake->running) == 0) {
        sched_yield();
    }
    atomic_store(&fake->is_held, false);
    for (int i = 0; i < THREADS; i++) {
        join(fake, threads[i]);
    }
}

static void many_threads_share_one_fetch(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    run_together(&fake);
    assert_int_equal(atomic_load(&fake.calls), 1);
    tear_down(&fake);
}

/* Only the wait for the other thread ends; its fetch goes on. */
static void wait_for_another_fetch_ends_at_the_deadline(void **state)
{
    (void)state;
    struct fake fake;
    struct dsql_credentials got = {0};
    pthread_t thread;
    set_up(&fake, 60 * MINUTE);
    atomic_store(&fake.is_held, true);
    assert_int_equal(pthread_create(&thread, NULL, get_in_thread, &fake), 0);
    while (atomic_load(&fake.running) == 0) {
        sched_yield();
    }
    dsql_error err = {0};
    int64_t now_ms = clock_monotonic_ms(&fake.clock);
    assert_int_equal(credentials_get_until(fake.provider, &fake.clock, now_ms, &got, &err),
                     DSQL_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "another thread is still fetching"));
    atomic_store(&fake.is_held, false);
    join(&fake, thread);
    assert_int_equal(credentials_get_until(fake.provider, &fake.clock, now_ms, &got, &err),
                     DSQL_OK);
    credentials_clear(&got);
    assert_int_equal(atomic_load(&fake.calls), 1);
    tear_down(&fake);
}

static void fetches_never_overlap_even_when_they_fail(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 60 * MINUTE);
    atomic_store(&fake.status, DSQL_ERR_CREDENTIALS);
    run_together(&fake);
    assert_int_equal(atomic_load(&fake.most_running), 1);
    tear_down(&fake);
}

static void early_renewal_keeps_nobody_waiting(void **state)
{
    (void)state;
    struct fake fake;
    pthread_t thread;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    later(&fake, 50 * MINUTE);
    atomic_store(&fake.is_held, true);
    assert_int_equal(pthread_create(&thread, NULL, get_in_thread, &fake), 0);
    while (atomic_load(&fake.calls) < 2) {
        sched_yield();
    }
    expect_id(&fake, "AKID1"); /* while the other one is still fetching */
    atomic_store(&fake.is_held, false);
    join(&fake, thread);
    expect_id(&fake, "AKID2");
    tear_down(&fake);
}

/* Short-lived credentials, a source that fails now and then, time that runs. */
enum { ROUNDS = 300 };

static void *get_often(void *arg)
{
    struct fake *fake = arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct dsql_credentials got = {0};
        dsql_error err = {0};
        dsql_status status = credentials_get(fake->provider, &fake->clock, &got, &err);
        bool is_whole = status == DSQL_OK ? !secret_is_empty(&got.secret_access_key)
                                          : status == err.status && err.message[0] != '\0';
        credentials_clear(&got);
        if (!is_whole) {
            return NULL;
        }
        later(fake, 1);
        atomic_store(&fake->status, i % 7 == 0 ? DSQL_ERR_CREDENTIALS : DSQL_OK);
    }
    return fake;
}

static void threads_share_short_lived_credentials_of_a_source_that_fails(void **state)
{
    (void)state;
    struct fake fake;
    pthread_t threads[THREADS];
    set_up(&fake, 30);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, get_often, &fake), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        join(&fake, threads[i]);
    }
    assert_int_equal(atomic_load(&fake.most_running), 1);
    assert_true(atomic_load(&fake.calls) > 1);
    tear_down(&fake);
}

/* In the child of a fork: the thread that fetches is not there. */
static int get_in_child(struct fake *fake)
{
    struct dsql_credentials got = {0};
    alarm(60); /* rather than hang */
    atomic_store(&fake->is_held, false);
    bool has_got = credentials_get(fake->provider, &fake->clock, &got, NULL) == DSQL_OK &&
                   !secret_is_empty(&got.access_key_id);
    credentials_clear(&got);
    dsql_credentials_unref(fake->provider);
    return has_got && atomic_load(&fake->destroyed) == 1 ? 0 : 1;
}

static void child_does_not_wait_for_a_fetch_of_its_parent(void **state)
{
    (void)state;
    struct fake fake;
    pthread_t threads[2];
    int status = -1;
    set_up(&fake, 60 * MINUTE);
    atomic_store(&fake.is_held, true);
    for (int i = 0; i < 2; i++) { /* one fetches, the other waits for it */
        assert_int_equal(pthread_create(&threads[i], NULL, get_in_thread, &fake), 0);
    }
    while (atomic_load(&fake.running) == 0) {
        sched_yield();
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(get_in_child(&fake));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    atomic_store(&fake.is_held, false);
    for (int i = 0; i < 2; i++) {
        join(&fake, threads[i]);
    }
    assert_int_equal(atomic_load(&fake.calls), 1);
    tear_down(&fake);
}

static void child_has_what_its_parent_had(void **state)
{
    (void)state;
    struct fake fake;
    int status = -1;
    set_up(&fake, 60 * MINUTE);
    expect_id(&fake, "AKID1");
    pid_t child = fork();
    if (child == 0) {
        atomic_store(&fake.status, DSQL_ERR_CREDENTIALS); /* not asked */
        _exit(get_in_child(&fake));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    tear_down(&fake);
}

static void last_reference_destroys(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 0);
    assert_ptr_equal(dsql_credentials_ref(fake.provider), fake.provider);
    dsql_credentials_unref(fake.provider);
    assert_int_equal(atomic_load(&fake.destroyed), 0);
    expect_id(&fake, "AKID1");
    tear_down(&fake);
    dsql_credentials_unref(NULL);
    assert_null(dsql_credentials_ref(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejected_credentials_are_fetched_again_once),
        cmocka_unit_test(server_that_refuses_all_does_not_cause_a_storm),
        cmocka_unit_test(fresh_credentials_are_fetched_once),
        cmocka_unit_test(credentials_are_renewed_fifteen_minutes_before_their_end),
        cmocka_unit_test(short_lived_credentials_are_not_renewed_at_each_use),
        cmocka_unit_test(failed_early_renewal_keeps_the_old_and_waits_a_minute),
        cmocka_unit_test(failed_renewal_in_the_last_five_minutes_is_an_error),
        cmocka_unit_test(credentials_without_end_are_looked_at_again_every_fifteen_minutes),
        cmocka_unit_test(first_failure_is_passed_on_with_its_status),
        cmocka_unit_test(expired_credentials_from_a_source_are_an_error),
        cmocka_unit_test(callback_that_says_nothing_still_gives_a_message),
        cmocka_unit_test(callback_is_required),
        cmocka_unit_test(failure_is_the_answer_for_a_second),
        cmocka_unit_test(clock_put_back_does_not_prolong_credentials),
        cmocka_unit_test(clock_put_forward_is_an_error_and_no_storm),
        cmocka_unit_test(source_that_has_nothing_newer_is_asked_rarely),
        cmocka_unit_test(callback_that_misbehaves_is_survived),
        cmocka_unit_test(callback_that_asks_its_own_provider_does_not_hang),
        cmocka_unit_test(another_access_key_and_a_failed_renewal_are_logged),
        cmocka_unit_test(failure_that_the_caller_hears_is_not_logged_each_second),
        cmocka_unit_test(many_threads_share_one_fetch),
        cmocka_unit_test(wait_for_another_fetch_ends_at_the_deadline),
        cmocka_unit_test(fetches_never_overlap_even_when_they_fail),
        cmocka_unit_test(early_renewal_keeps_nobody_waiting),
        cmocka_unit_test(threads_share_short_lived_credentials_of_a_source_that_fails),
        cmocka_unit_test(child_does_not_wait_for_a_fetch_of_its_parent),
        cmocka_unit_test(child_has_what_its_parent_had),
        cmocka_unit_test(last_reference_destroys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
