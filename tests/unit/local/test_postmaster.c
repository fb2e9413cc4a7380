/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a server, with a server and a clock of the test's own. */
#include "local/postmaster.h"
#include "local/server_keeper.h"
#include "local/wait.h"
#include "unit.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60000 };

static int64_t now_ms;

static int64_t tell_ms(void *arg)
{
    (void)arg;
    return now_ms;
}

static void pass_ms(void *arg, int64_t ms)
{
    (void)arg;
    now_ms += ms;
}

static const struct clock test_clock = {.monotonic_ms = tell_ms, .sleep_ms = pass_ms};

/* A server that recovers, is silent, and then gives one answer for ever. */
struct fake_server {
    int64_t recovers_ms;
    int64_t silent_ms;
    enum postmaster_answer answer;
    int64_t ends_at_ms; /* 0: never */
    int notes;
    int64_t first_note_s;
};

static enum postmaster_answer ask(void *arg, dsql_error *err)
{
    const struct fake_server *server = arg;
    (void)err;
    if (now_ms < server->recovers_ms) {
        return POSTMASTER_STARTING;
    }
    return now_ms < server->recovers_ms + server->silent_ms ? POSTMASTER_SILENT : server->answer;
}

static bool has_ended(void *arg)
{
    const struct fake_server *server = arg;
    return server->ends_at_ms > 0 && now_ms >= server->ends_at_ms;
}

static void note(void *arg, int64_t seconds, enum postmaster_answer answer)
{
    struct fake_server *server = arg;
    (void)answer;
    server->first_note_s = server->notes == 0 ? seconds : server->first_note_s;
    server->notes++;
}

static bool wait_for(struct fake_server *server)
{
    const struct postmaster_questions questions = {
        .ask = ask, .has_ended = has_ended, .progress = note, .arg = server};
    dsql_error err = {0};
    now_ms = 0;
    return postmaster_wait_for(&questions, &test_clock, &err);
}

/* A start that kills the server after 45 s kills it in each start, and never gets further. */
static void a_recovery_of_ten_minutes_is_waited_for(void **state)
{
    (void)state;
    struct fake_server server = {.recovers_ms = 10L * MINUTE_MS, .answer = POSTMASTER_READY};
    assert_true(wait_for(&server));
    assert_in_range(now_ms, 10L * MINUTE_MS, 10L * MINUTE_MS + SECOND_MS);
    assert_int_equal(server.first_note_s, 1);
    assert_in_range(server.notes, 55, 65); /* one every ten seconds */
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    struct fake_server server = {.silent_ms = 10L * MINUTE_MS, .answer = POSTMASTER_READY};
    assert_false(wait_for(&server));
    assert_in_range(now_ms, POSTMASTER_SILENCE_MS, POSTMASTER_SILENCE_MS + SECOND_MS);
}

/* Silence counts from the last sign of progress. */
static void a_server_may_be_silent_for_a_moment_after_a_recovery(void **state)
{
    (void)state;
    struct fake_server server = {
        .recovers_ms = MINUTE_MS, .silent_ms = 20 * SECOND_MS, .answer = POSTMASTER_READY};
    assert_true(wait_for(&server));
}

static void a_server_that_refuses_its_owner_is_given_up(void **state)
{
    (void)state;
    struct fake_server server = {.answer = POSTMASTER_REFUSES};
    assert_false(wait_for(&server));
    assert_in_range(now_ms, POSTMASTER_REFUSAL_MS, POSTMASTER_REFUSAL_MS + SECOND_MS);
}

static void a_server_that_has_ended_is_not_waited_for(void **state)
{
    (void)state;
    struct fake_server server = {.recovers_ms = MINUTE_MS, .ends_at_ms = 3 * SECOND_MS};
    assert_false(wait_for(&server));
    assert_in_range(now_ms, 3 * SECOND_MS, 4 * SECOND_MS);
}

static void a_short_wait_is_silent(void **state)
{
    (void)state;
    now_ms = 5 * SECOND_MS;
    struct wait wait = wait_begin(&test_clock);
    now_ms += WAIT_FIRST_NOTE_MS - 1;
    assert_false(wait_is_note_due(&wait));
    now_ms += 1;
    assert_true(wait_is_note_due(&wait));
    assert_false(wait_is_note_due(&wait));
    assert_int_equal(wait_elapsed_ms(&wait), WAIT_FIRST_NOTE_MS);
}

static void a_server_that_fails_again_and_again_is_started_more_and_more_slowly(void **state)
{
    (void)state;
    assert_int_equal(server_keeper_delay_ms(1), 250);
    assert_int_equal(server_keeper_delay_ms(2), 500);
    assert_int_equal(server_keeper_delay_ms(3), 1000);
    assert_int_equal(server_keeper_delay_ms(8), 30000);
    assert_int_equal(server_keeper_delay_ms(INT32_MAX), 30000);
}

/* A backend that is frozen never ends by itself. */
static void a_server_that_does_not_stop_is_stopped_more_and_more_firmly(void **state)
{
    (void)state;
    assert_int_equal(server_stop_step(0), SERVER_STOP_FAST);
    assert_int_equal(server_stop_step(SERVER_STOP_FAST_MS - 1), SERVER_STOP_FAST);
    assert_int_equal(server_stop_step(SERVER_STOP_FAST_MS), SERVER_STOP_IMMEDIATE);
    assert_int_equal(server_stop_step(SERVER_STOP_FAST_MS + SERVER_STOP_IMMEDIATE_MS),
                     SERVER_STOP_KILL);
    assert_int_equal(server_stop_step(INT64_MAX), SERVER_STOP_KILL);
    assert_null(server_stop_message(SERVER_STOP_FAST));
    assert_non_null(server_stop_message(SERVER_STOP_IMMEDIATE));
    assert_non_null(server_stop_message(SERVER_STOP_KILL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recovery_of_ten_minutes_is_waited_for),
        cmocka_unit_test(a_server_that_says_nothing_is_given_up),
        cmocka_unit_test(a_server_may_be_silent_for_a_moment_after_a_recovery),
        cmocka_unit_test(a_server_that_refuses_its_owner_is_given_up),
        cmocka_unit_test(a_server_that_has_ended_is_not_waited_for),
        cmocka_unit_test(a_short_wait_is_silent),
        cmocka_unit_test(a_server_that_fails_again_and_again_is_started_more_and_more_slowly),
        cmocka_unit_test(a_server_that_does_not_stop_is_stopped_more_and_more_firmly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
