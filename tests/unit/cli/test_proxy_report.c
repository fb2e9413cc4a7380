/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/proxy_report.h"
#include "unit.h"

#include <jansson.h>

enum { OUT_MAX = 65536 };

static json_t *written(const struct proxy_report *report)
{
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    proxy_report_write(&out, report);
    assert_true(buf_ok(&out));
    assert_int_equal(out.data[out.len - 1], '\n');
    json_t *object = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    return object;
}

static const char *string_at(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void report_has_proxy_and_clusters(void **state)
{
    (void)state;
    struct proxy_counters counters = {.clients = 7, .token_made_s = 1700000000};
    struct proxy_counters none = {0};
    const struct proxy_report_cluster clusters[] = {{"a", "app", NULL, 5432, &counters},
                                                    {"b", NULL, "db", 5433, &none}};
    const struct proxy_report report = {.pid = 42,
                                        .condition = PROXY_DRAINING,
                                        .pool_mode = PROXY_POOL_TRANSACTION,
                                        .socket_directory = "/run/a \"b\"",
                                        .has_tls = true,
                                        .clusters = clusters,
                                        .cluster_count = 2,
                                        .now_s = 1700000060};
    json_t *object = written(&report);
    const json_t *list = json_object_get(object, "clusters");
    const json_t *first = json_array_get(list, 0);
    const json_t *second = json_array_get(list, 1);
    assert_int_equal(json_integer_value(json_object_get(object, "pid")), 42);
    assert_string_equal(string_at(object, "condition"), "draining");
    assert_string_equal(string_at(object, "pool_mode"), "transaction");
    assert_string_equal(string_at(object, "socket_directory"), "/run/a \"b\"");
    assert_true(json_is_null(json_object_get(object, "listen_address")));
    assert_true(json_is_true(json_object_get(object, "tls")));
    assert_true(json_is_false(json_object_get(object, "trust")));
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(string_at(first, "user"), "app");
    assert_true(json_is_null(json_object_get(first, "dbname")));
    assert_int_equal(json_integer_value(json_object_get(first, "token_age_seconds")), 60);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(first, "counters"), "clients")), 7);
    assert_int_equal(json_integer_value(json_object_get(second, "port")), 5433);
    assert_true(json_is_null(json_object_get(second, "token_age_seconds")));
    json_decref(object);
}

static void conditions_have_names(void **state)
{
    (void)state;
    assert_string_equal(proxy_condition_name(PROXY_STARTING), "starting");
    assert_string_equal(proxy_condition_name(PROXY_READY), "ready");
    assert_string_equal(proxy_condition_name(PROXY_DRAINING), "draining");
}

/* A host that is not UTF-8 cannot be in JSON: no half of a report is sent. */
static void other_encodings_break_the_report(void **state)
{
    (void)state;
    struct proxy_counters counters = {0};
    const struct proxy_report_cluster cluster = {"\xe9", NULL, NULL, 5432, &counters};
    const struct proxy_report report = {.clusters = &cluster, .cluster_count = 1};
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    proxy_report_write(&out, &report);
    assert_false(buf_ok(&out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_has_proxy_and_clusters),
        cmocka_unit_test(conditions_have_names),
        cmocka_unit_test(other_encodings_break_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
