/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/proxy_report.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdlib.h>

const char *proxy_condition_name(enum proxy_condition condition)
{
    switch (condition) {
    case PROXY_STARTING:
        return "starting";
    case PROXY_READY:
        return "ready";
    case PROXY_DRAINING:
        break;
    }
    return "draining";
}

static json_t *string_or_null(const char *string)
{
    return string == NULL ? json_null() : json_string(string);
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* json_object_set_new() takes the value, also when it fails, and fails for a NULL. */
static json_t *counters_json(const struct proxy_counters *counters)
{
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"clients", counters->clients},
        {"clients_waiting", counters->clients_waiting},
        {"servers_connecting", counters->servers_connecting},
        {"servers_idle", counters->servers_idle},
        {"servers_active", counters->servers_active},
        {"connect_queue", counters->server_queue},
        {"clients_accepted", counters->clients_total},
        {"clients_refused", counters->clients_refused},
        {"clients_timed_out", counters->clients_timed_out},
        {"tokens", counters->tokens},
        {"token_failures", counters->token_failures},
        {"connects", counters->connects},
        {"rollovers", counters->rollovers},
        {"conflicts_data", counters->conflicts_data},
        {"conflicts_schema", counters->conflicts_schema},
        {"retries_succeeded", counters->retries[PROXY_RETRY_SUCCEEDED]},
        {"retries_given_up", counters->retries[PROXY_RETRY_GAVE_UP]},
        {"retries_not_allowed", counters->retries[PROXY_RETRY_NOT_ALLOWED]},
        {"bytes_from_clients", counters->bytes_from_clients},
        {"bytes_from_servers", counters->bytes_from_servers},
    };
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < sizeof numbers / sizeof numbers[0]; i++) {
        if (json_object_set_new(object, numbers[i].name, number(numbers[i].value)) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *token_age(const struct proxy_counters *counters, int64_t now_s)
{
    int64_t made_s = counters->token_made_s;
    return made_s == 0 ? json_null() : json_integer(now_s > made_s ? now_s - made_s : 0);
}

static json_t *cluster_json(const struct proxy_report_cluster *cluster, int64_t now_s)
{
    json_t *object = json_object();
    if (json_object_set_new(object, "host", json_string(cluster->host)) == 0 &&
        json_object_set_new(object, "port", json_integer(cluster->port)) == 0 &&
        json_object_set_new(object, "user", string_or_null(cluster->user)) == 0 &&
        json_object_set_new(object, "dbname", string_or_null(cluster->dbname)) == 0 &&
        json_object_set_new(object, "token_age_seconds", token_age(cluster->counters, now_s)) ==
            0 &&
        json_object_set_new(object, "counters", counters_json(cluster->counters)) == 0) {
        return object;
    }
    json_decref(object);
    return NULL;
}

static json_t *clusters_json(const struct proxy_report *report)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < report->cluster_count; i++) {
        if (json_array_append_new(array, cluster_json(&report->clusters[i], report->now_s)) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *report_json(const struct proxy_report *report)
{
    const char *mode = report->pool_mode == PROXY_POOL_SESSION ? "session" : "transaction";
    const char *condition = proxy_condition_name(report->condition);
    json_t *object = json_object();
    if (json_object_set_new(object, "pid", json_integer(report->pid)) == 0 &&
        json_object_set_new(object, "condition", json_string(condition)) == 0 &&
        json_object_set_new(object, "pool_mode", json_string(mode)) == 0 &&
        json_object_set_new(object, "socket_directory", string_or_null(report->socket_directory)) ==
            0 &&
        json_object_set_new(object, "listen_address", string_or_null(report->listen_address)) ==
            0 &&
        json_object_set_new(object, "password_file", string_or_null(report->password_file)) == 0 &&
        json_object_set_new(object, "trust", json_boolean(report->has_trust)) == 0 &&
        json_object_set_new(object, "tls", json_boolean(report->has_tls)) == 0 &&
        json_object_set_new(object, "clusters", clusters_json(report)) == 0) {
        return object;
    }
    json_decref(object);
    return NULL;
}

static int add_bytes(const char *bytes, size_t len, void *arg)
{
    struct buf *out = arg;
    buf_add(out, bytes, len);
    return buf_ok(out) ? 0 : -1;
}

void proxy_report_write(struct buf *out, const struct proxy_report *report)
{
    json_t *object = report_json(report);
    if (object == NULL || json_dump_callback(object, add_bytes, out, 0) != 0) {
        out->is_broken = true;
    }
    json_decref(object);
    buf_add_char(out, '\n');
}
