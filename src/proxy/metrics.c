/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A table says which counter is which metric.  Names follow Prometheus' conventions: base units
 * (seconds, bytes), and "_total" for what only grows.  A metric is never renamed, because people
 * have alerts on it.
 */
#include "proxy/metrics.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { SERIES_MAX = PROXY_REFUSALS };

/* One value of the metric's own label, and the counter of it. */
struct series {
    const char *value; /* NULL: the metric has no label of its own */
    size_t offset;     /* in struct proxy_counters, of a uint64_t */
};

struct metric {
    const char *name; /* without the prefix */
    const char *type;
    const char *help;
    const char *label; /* NULL: only those of the cluster */
    struct series series[SERIES_MAX];
    size_t count;
};

#define FIELD(name) offsetof(struct proxy_counters, name)

static const struct metric metrics[] = {
    {"clients", "gauge", "Clients that are logged in.", NULL, {{NULL, FIELD(clients)}}, 1},
    {"clients_waiting",
     "gauge",
     "Clients that wait for a server connection.",
     NULL,
     {{NULL, FIELD(clients_waiting)}},
     1},
    {"servers",
     "gauge",
     "Connections to the cluster, by state.",
     "state",
     {{"connecting", FIELD(servers_connecting)},
      {"idle", FIELD(servers_idle)},
      {"active", FIELD(servers_active)}},
     3},
    {"connect_queue",
     "gauge",
     "Connects to the cluster that wait for their turn.",
     NULL,
     {{NULL, FIELD(server_queue)}},
     1},
    {"clients_accepted_total",
     "counter",
     "Clients that have logged in.",
     NULL,
     {{NULL, FIELD(clients_total)}},
     1},
    {"clients_refused_total",
     "counter",
     "Clients with a wrong password, user or parameter.",
     NULL,
     {{NULL, FIELD(clients_refused)}},
     1},
    {"clients_timed_out_total",
     "counter",
     "Clients that got no server connection in time.",
     NULL,
     {{NULL, FIELD(clients_timed_out)}},
     1},
    {"tokens_total",
     "counter",
     "Tokens, by whether one could be made.",
     "outcome",
     {{"made", FIELD(tokens)}, {"failed", FIELD(token_failures)}},
     2},
    {"connects_total",
     "counter",
     "Connections to the cluster that were begun.",
     NULL,
     {{NULL, FIELD(connects)}},
     1},
    {"refusals_total",
     "counter",
     "Connections to the cluster that failed, by reason.",
     "reason",
     {{"unreachable", FIELD(refusals[PROXY_REFUSAL_UNREACHABLE])},
      {"tls", FIELD(refusals[PROXY_REFUSAL_TLS])},
      {"authentication", FIELD(refusals[PROXY_REFUSAL_AUTHENTICATION])},
      {"limit", FIELD(refusals[PROXY_REFUSAL_LIMIT])},
      {"waking", FIELD(refusals[PROXY_REFUSAL_WAKING])},
      {"other", FIELD(refusals[PROXY_REFUSAL_OTHER])}},
     PROXY_REFUSALS},
    {"rollovers_total",
     "counter",
     "Sessions whose server connection became too old, by what became of the session.",
     "outcome",
     {{"moved", FIELD(rollovers)}, {"ended", FIELD(rollovers_ended)}},
     2},
    {"cancels_total",
     "counter",
     "Cancel requests, by whether a session has the key.",
     "outcome",
     {{"passed", FIELD(cancels)}, {"unknown", FIELD(cancels_unknown)}},
     2},
    {"conflicts_total",
     "counter",
     "Conflicts, by the code of the service: OC000 with data, OC001 with the schema.",
     "code",
     {{"OC000", FIELD(conflicts_data)}, {"OC001", FIELD(conflicts_schema)}},
     2},
    {"retries_total",
     "counter",
     "Statements that failed with a conflict, by what the proxy made of them.",
     "outcome",
     {{"succeeded", FIELD(retries[PROXY_RETRY_SUCCEEDED])},
      {"gave_up", FIELD(retries[PROXY_RETRY_GAVE_UP])},
      {"not_allowed", FIELD(retries[PROXY_RETRY_NOT_ALLOWED])}},
     PROXY_RETRY_OUTCOMES},
    {"bytes_total",
     "counter",
     "Bytes that were passed on, by who has sent them.",
     "sender",
     {{"clients", FIELD(bytes_from_clients)}, {"servers", FIELD(bytes_from_servers)}},
     2},
};

static void add_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP dsql_proxy_%s %s\n", name, help);
    buf_printf(out, "# TYPE dsql_proxy_%s %s\n", name, type);
}

/* The format escapes these three in the value of a label, and nothing else. */
static void add_label_value(struct buf *out, const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\n') {
            buf_add_string(out, "\\n");
            continue;
        }
        if (*c == '\\' || *c == '"') {
            buf_add_char(out, '\\');
        }
        buf_add_char(out, *c);
    }
}

/* name{cluster="...",port="..." and one more label, if it has a name. */
static void add_name(struct buf *out, const char *name, const struct metrics_cluster *cluster,
                     const char *label, const char *value)
{
    buf_printf(out, "dsql_proxy_%s{cluster=\"", name);
    add_label_value(out, cluster->host);
    buf_printf(out, "\",port=\"%d\"", cluster->port);
    if (label != NULL) {
        buf_printf(out, ",%s=\"%s\"", label, value);
    }
    buf_add_string(out, "} ");
}

static uint64_t counter_at(const struct proxy_counters *counters, size_t offset)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)counters + offset, sizeof value);
    return value;
}

static void add_metric(struct buf *out, const struct metric *metric,
                       const struct metrics_cluster *clusters, size_t count)
{
    add_head(out, metric->name, metric->type, metric->help);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < metric->count; j++) {
            const struct series *series = &metric->series[j];
            add_name(out, metric->name, &clusters[i], metric->label, series->value);
            buf_printf(out, "%" PRIu64 "\n", counter_at(clusters[i].counters, series->offset));
        }
    }
}

/* In seconds.  Not with %f, whose decimal point depends on the locale. */
static void add_seconds(struct buf *out, uint64_t ms)
{
    buf_printf(out, "%" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
}

/* Buckets are cumulative in this format: each counts all waits up to its bound. */
static void add_waits(struct buf *out, const struct metrics_cluster *cluster)
{
    const struct proxy_waits *waits = &cluster->counters->waits;
    uint64_t so_far = 0;
    for (size_t i = 0; i < PROXY_WAIT_BUCKETS; i++) {
        struct buf bound AUTO_BUF;
        buf_init(&bound, 32);
        if (i < PROXY_WAIT_BUCKETS - 1) {
            add_seconds(&bound, (uint64_t)proxy_wait_bounds_ms[i]);
        } else {
            buf_add_string(&bound, "+Inf");
        }
        so_far += waits->buckets[i];
        add_name(out, "wait_seconds_bucket", cluster, "le", buf_ok(&bound) ? bound.data : "");
        buf_printf(out, "%" PRIu64 "\n", so_far);
        out->is_broken = out->is_broken || !buf_ok(&bound);
    }
    add_name(out, "wait_seconds_sum", cluster, NULL, NULL);
    add_seconds(out, waits->sum_ms);
    buf_add_char(out, '\n');
    add_name(out, "wait_seconds_count", cluster, NULL, NULL);
    buf_printf(out, "%" PRIu64 "\n", waits->count);
}

/* A cluster without a token has no age: 0 would look like a new one. */
static void add_token_ages(struct buf *out, const struct metrics_cluster *clusters, size_t count,
                           int64_t now_s)
{
    add_head(out, "token_age_seconds", "gauge", "Age of the newest token.");
    for (size_t i = 0; i < count; i++) {
        int64_t made_s = clusters[i].counters->token_made_s;
        if (made_s > 0) {
            add_name(out, "token_age_seconds", &clusters[i], NULL, NULL);
            buf_printf(out, "%" PRId64 "\n", now_s > made_s ? now_s - made_s : 0);
        }
    }
}

void metrics_write(struct buf *out, const struct metrics_cluster *clusters, size_t count,
                   int64_t now_s)
{
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        add_metric(out, &metrics[i], clusters, count);
    }
    add_token_ages(out, clusters, count, now_s);
    add_head(out, "wait_seconds", "histogram", "How long clients have waited for a connection.");
    for (size_t i = 0; i < count; i++) {
        add_waits(out, &clusters[i]);
    }
}
