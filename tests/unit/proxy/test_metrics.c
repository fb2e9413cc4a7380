/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The text, checked line by line; and by promtool, where it is installed. */
#include "proxy/metrics.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { OUT_MAX = 256 * 1024 };

static const char *written(struct buf *out, const struct proxy_counters *first,
                           const struct proxy_counters *second)
{
    const struct metrics_cluster clusters[] = {{"abc.dsql.us-east-1.on.aws", 5432, first},
                                               {"a\"b\\c\nx", 5433, second}};
    buf_init(out, OUT_MAX);
    metrics_write(out, clusters, 2, 1700000100);
    assert_true(buf_ok(out));
    return out->data;
}

static void expect_line(const char *text, const char *line)
{
    const char *found = strstr(text, line);
    if (found == NULL || (found != text && found[-1] != '\n') || found[strlen(line)] != '\n') {
        print_error("no line: %s\n", line);
        fail();
    }
}

#define FIRST  "{cluster=\"abc.dsql.us-east-1.on.aws\",port=\"5432\""
#define SECOND "{cluster=\"a\\\"b\\\\c\\nx\",port=\"5433\""

static void every_counter_has_a_line(void **state)
{
    (void)state;
    struct proxy_counters first = {0};
    struct proxy_counters second = {0};
    first.clients = 7;
    first.servers_idle = 3;
    first.refusals[PROXY_REFUSAL_WAKING] = 5;
    first.conflicts_schema = 2;
    first.retries[PROXY_RETRY_NOT_ALLOWED] = 9;
    first.bytes_from_servers = UINT64_MAX;
    first.token_made_s = 1700000040;
    second.clients = 8;
    struct buf out AUTO_BUF;
    const char *text = written(&out, &first, &second);
    expect_line(text, "# TYPE dsql_proxy_clients gauge");
    expect_line(text, "dsql_proxy_clients" FIRST "} 7");
    expect_line(text, "dsql_proxy_clients" SECOND "} 8");
    expect_line(text, "dsql_proxy_servers" FIRST ",state=\"idle\"} 3");
    expect_line(text, "dsql_proxy_refusals_total" FIRST ",reason=\"waking\"} 5");
    expect_line(text, "dsql_proxy_conflicts_total" FIRST ",code=\"OC001\"} 2");
    expect_line(text, "dsql_proxy_retries_total" FIRST ",outcome=\"not_allowed\"} 9");
    expect_line(text, "dsql_proxy_bytes_total" FIRST ",sender=\"servers\"} 18446744073709551615");
    expect_line(text, "dsql_proxy_token_age_seconds" FIRST "} 60");
    assert_null(strstr(text, "dsql_proxy_token_age_seconds" SECOND));
}

/* Each field of the struct has its own place in the text: none is left out or written twice. */
static void no_counter_is_forgotten(void **state)
{
    (void)state;
    enum { FIELDS = sizeof(struct proxy_counters) / sizeof(uint64_t) };
    struct proxy_counters counters = {0};
    const struct metrics_cluster cluster = {"h", 1, &counters};
    uint64_t numbers[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
        numbers[i] = (uint64_t)1 << i; /* no sum of several is one of them */
    }
    memcpy(&counters, numbers, sizeof counters);
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    metrics_write(&out, &cluster, 1, 1700000000);
    const size_t waits = offsetof(struct proxy_counters, waits) / sizeof(uint64_t);
    for (size_t i = 0; i < FIELDS; i++) {
        bool is_wait = i >= waits && i < waits + sizeof(struct proxy_waits) / sizeof(uint64_t);
        char line[32];
        snprintf(line, sizeof line, " %lu\n", (unsigned long)numbers[i]);
        const char *found = strstr(out.data, line);
        bool is_token = i == offsetof(struct proxy_counters, token_made_s) / sizeof(uint64_t);
        if (!is_wait && !is_token) {
            assert_non_null(found);
            assert_null(strstr(found + 1, line));
        }
    }
}

static void waits_are_a_cumulative_histogram(void **state)
{
    (void)state;
    struct proxy_counters counters = {0};
    struct proxy_counters none = {0};
    proxy_waits_add(&counters.waits, 1);
    proxy_waits_add(&counters.waits, 2);
    proxy_waits_add(&counters.waits, 700);
    proxy_waits_add(&counters.waits, 1000000);
    struct buf out AUTO_BUF;
    const char *text = written(&out, &counters, &none);
    expect_line(text, "# TYPE dsql_proxy_wait_seconds histogram");
    expect_line(text, "dsql_proxy_wait_seconds_bucket" FIRST ",le=\"0.001\"} 1");
    expect_line(text, "dsql_proxy_wait_seconds_bucket" FIRST ",le=\"0.002\"} 2");
    expect_line(text, "dsql_proxy_wait_seconds_bucket" FIRST ",le=\"0.500\"} 2");
    expect_line(text, "dsql_proxy_wait_seconds_bucket" FIRST ",le=\"1.000\"} 3");
    expect_line(text, "dsql_proxy_wait_seconds_bucket" FIRST ",le=\"30.000\"} 3");
    expect_line(text, "dsql_proxy_wait_seconds_bucket" FIRST ",le=\"+Inf\"} 4");
    expect_line(text, "dsql_proxy_wait_seconds_sum" FIRST "} 1000.703");
    expect_line(text, "dsql_proxy_wait_seconds_count" FIRST "} 4");
    expect_line(text, "dsql_proxy_wait_seconds_count" SECOND "} 0");
}

static void heads_come_once_and_before_their_lines(void **state)
{
    (void)state;
    struct proxy_counters counters = {0};
    struct buf out AUTO_BUF;
    struct text rest = text_of(written(&out, &counters, &counters));
    struct text line;
    struct text family = text_of("");
    while (text_next_line(&rest, &line)) {
        if (text_starts_with(line, "# TYPE ")) {
            struct text type;
            assert_true(
                text_cut(text_slice(line, strlen("# TYPE "), line.len), ' ', &family, &type));
            char head[128];
            snprintf(head, sizeof head, "# TYPE %.*s ", (int)family.len, family.data);
            assert_ptr_equal(strstr(out.data, head), line.data);
        } else if (!text_starts_with(line, "#")) {
            assert_true(text_equal(text_slice(line, 0, family.len), family));
        }
    }
}

static void too_small_a_buffer_breaks(void **state)
{
    (void)state;
    struct proxy_counters counters = {0};
    const struct metrics_cluster cluster = {"h", 1, &counters};
    struct buf out AUTO_BUF;
    buf_init(&out, 100);
    metrics_write(&out, &cluster, 1, 0);
    assert_false(buf_ok(&out));
}

/* Skipped without promtool, which Debian has in the package prometheus. */
static void promtool_accepts_the_text(void **state)
{
    (void)state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        skip();
    }
    struct proxy_counters counters = {.token_made_s = 1700000000};
    struct buf out AUTO_BUF;
    const char *text = written(&out, &counters, &counters);
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    fputs(text, promtool);
    assert_int_equal(pclose(promtool), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_has_a_line),
        cmocka_unit_test(no_counter_is_forgotten),
        cmocka_unit_test(waits_are_a_cumulative_histogram),
        cmocka_unit_test(heads_come_once_and_before_their_lines),
        cmocka_unit_test(too_small_a_buffer_breaks),
        cmocka_unit_test(promtool_accepts_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
