/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What is sent again, how often, and how long is waited. */
#include "http/http.h"
#include "replay.h"
#include "unit.h"

enum { MAX_WAITS = 8 };

static int64_t waits[MAX_WAITS];
static size_t wait_count;

static void note_wait(void *arg, int64_t ms)
{
    (void)arg;
    assert_true(wait_count < MAX_WAITS);
    waits[wait_count++] = ms;
}

static uint64_t zero(void *arg)
{
    (void)arg;
    return 0;
}

static uint64_t ninety_nine(void *arg)
{
    (void)arg;
    return 99;
}

static const struct clock test_clock = {.sleep_ms = note_wait};
static const struct random_source no_wait = {.next = zero};
static const struct random_source always_99 = {.next = ninety_nine};

#define ASKED .method = "GET", .url = "https://a.example/"

static const struct http_request request = {
    .method = "GET",
    .url = "https://a.example/",
    .connect_timeout_ms = 1,
    .timeout_ms = 1,
};

static dsql_status run(struct replay *replay, const struct http_retry *retry, int *status)
{
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    wait_count = 0;
    dsql_status outcome = http_send_retrying(&replay->http, &request, retry, &response, NULL);
    *status = response.status;
    return outcome;
}

static void server_errors_and_no_answer_are_sent_again(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {ASKED, .status = 503},
        {ASKED, .failure = DSQL_ERR_TIMEOUT},
        {ASKED, .failure = DSQL_ERR_CONNECT},
        {ASKED, .status = 429},
        {ASKED, .status = 200, .answer = "x"},
    };
    struct replay replay;
    int status = 0;
    struct http_retry retry = http_retry_standard(&test_clock, &always_99);
    retry.max_attempts = 5;
    replay_init(&replay, exchanges, 5);
    assert_int_equal(run(&replay, &retry, &status), DSQL_OK);
    assert_int_equal(status, 200);
    assert_int_equal(wait_count, 4);
    assert_int_equal(waits[0], 99); /* of 0..100 */
    assert_true(replay_done(&replay));
}

static void last_outcome_stands(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {ASKED, .status = 500},
        {ASKED, .status = 200},
        {ASKED, .failure = DSQL_ERR_TIMEOUT},
    };
    struct replay replay;
    int status = 0;
    struct http_retry retry = http_retry_standard(&test_clock, &no_wait);
    retry.max_attempts = 1;
    replay_init(&replay, exchanges, 1);
    assert_int_equal(run(&replay, &retry, &status), DSQL_OK);
    assert_int_equal(status, 500);
    assert_true(replay_done(&replay));
    replay_init(&replay, &exchanges[2], 1);
    assert_int_equal(run(&replay, &retry, &status), DSQL_ERR_TIMEOUT);
    assert_int_equal(status, 0);
    assert_true(replay_done(&replay));
}

static void refusals_and_our_own_mistakes_are_final(void **state)
{
    (void)state;
    static const struct replay_exchange refused[] = {{ASKED, .status = 403}};
    static const struct replay_exchange usage[] = {{ASKED, .failure = DSQL_ERR_USAGE}};
    static const struct replay_exchange memory[] = {{ASKED, .failure = DSQL_ERR_NOMEM}};
    const struct http_retry retry = http_retry_standard(&test_clock, &no_wait);
    struct replay replay;
    int status = 0;
    replay_init(&replay, refused, 1);
    assert_int_equal(run(&replay, &retry, &status), DSQL_OK);
    assert_int_equal(status, 403);
    assert_true(replay_done(&replay));
    replay_init(&replay, usage, 1);
    assert_int_equal(run(&replay, &retry, &status), DSQL_ERR_USAGE);
    replay_init(&replay, memory, 1);
    assert_int_equal(run(&replay, &retry, &status), DSQL_ERR_NOMEM);
}

static bool says_again(const struct http_response *response)
{
    return text_equal_string(buf_text(&response->body), "again");
}

static void answer_itself_can_ask_for_another_try(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {ASKED, .status = 400, .answer = "again"},
        {ASKED, .status = 400, .answer = "no"},
    };
    struct replay replay;
    int status = 0;
    struct http_retry retry = http_retry_standard(&test_clock, &no_wait);
    retry.is_transient = says_again;
    replay_init(&replay, exchanges, 2);
    assert_int_equal(run(&replay, &retry, &status), DSQL_OK);
    assert_true(replay_done(&replay));
}

static void service_can_ask_for_a_longer_wait_within_the_maximum(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {ASKED, .status = 503, .answer_headers = "Retry-After: 2"},
        {ASKED, .status = 503, .answer_headers = "retry-after: 21"},
        {ASKED, .status = 200},
    };
    struct replay replay;
    int status = 0;
    const struct http_retry retry = http_retry_standard(&test_clock, &no_wait);
    replay_init(&replay, exchanges, 3);
    assert_int_equal(run(&replay, &retry, &status), DSQL_OK);
    assert_int_equal(wait_count, 1); /* 21 s are over the maximum; what is left is no wait */
    assert_int_equal(waits[0], 2000);
}

static void silence_can_be_final(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {ASKED, .status = 503},
        {ASKED, .failure = DSQL_ERR_TIMEOUT},
    };
    struct replay replay;
    int status = 0;
    struct http_retry retry = http_retry_standard(&test_clock, &no_wait);
    retry.is_no_response_final = true;
    replay_init(&replay, exchanges, 2);
    assert_int_equal(run(&replay, &retry, &status), DSQL_ERR_TIMEOUT);
    assert_true(replay_done(&replay));
}

static uint64_t biggest(void *arg)
{
    return *(uint64_t *)arg;
}

static void waits_double_up_to_the_maximum(void **state)
{
    (void)state;
    static const struct replay_exchange failing = {ASKED, .status = 500};
    struct replay_exchange exchanges[6];
    uint64_t modulus = 0;
    const struct random_source source = {.next = biggest, .arg = &modulus};
    const int64_t limits[] = {100, 200, 400, 500, 500};
    for (size_t i = 0; i < 6; i++) {
        exchanges[i] = failing;
    }
    for (size_t i = 0; i < 5; i++) {
        struct http_retry retry = http_retry_standard(&test_clock, &source);
        retry.max_attempts = (int)i + 2;
        retry.max_ms = 500;
        struct replay replay;
        int status = 0;
        modulus = (uint64_t)limits[i]; /* random % (limit + 1) == limit only for that limit */
        replay_init(&replay, exchanges, i + 2);
        assert_int_equal(run(&replay, &retry, &status), DSQL_OK);
        assert_int_equal(wait_count, i + 1);
        assert_int_equal(waits[i], limits[i]);
        assert_true(replay_done(&replay));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_errors_and_no_answer_are_sent_again),
        cmocka_unit_test(last_outcome_stands),
        cmocka_unit_test(refusals_and_our_own_mistakes_are_final),
        cmocka_unit_test(answer_itself_can_ask_for_another_try),
        cmocka_unit_test(service_can_ask_for_a_longer_wait_within_the_maximum),
        cmocka_unit_test(silence_can_be_final),
        cmocka_unit_test(waits_double_up_to_the_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
