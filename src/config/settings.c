/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is gathered into a local copy first, so that *out changes only when all of it is
 * valid.  This file reads no files and uses no network; token/complete.c adds what needs them.
 */
#include "config/settings.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"
#include "config/conninfo.h"
#include "config/environment.h"
#include "config/keywords.h"
#include "config/privatelink.h"

#include <stdio.h>
#include <string.h>

enum {
    SECONDS_PER_HOUR = 3600,
    MS_PER_SECOND = 1000,
    MAX_WAIT_MS = 24 * SECONDS_PER_HOUR * MS_PER_SECOND, /* longer is a mistake in units */
    MAX_WAIT_S = 24 * SECONDS_PER_HOUR,
    MAX_POOL = 10000, /* DSQL's limit of connections to a cluster */
    MAX_ATTEMPTS = 1000
};

/* NULL, empty or only white space: the same as not given. */
static bool is_blank(const char *string)
{
    return text_is_empty(text_trim(text_of(string)));
}

/* ---- Options of any age ---- */

/*
 * A caller that was compiled with an older header has a shorter struct.  The fields that it lacks
 * are zero, which always means the default.
 */
static dsql_status copy_options(const dsql_options *options, dsql_options *out, dsql_error *err)
{
    size_t size = options->struct_size;
    if (size < offsetof(dsql_options, host) + sizeof options->host) {
        return fail(err, DSQL_ERR_USAGE,
                    "dsql_options.struct_size is not set: use DSQL_OPTIONS() or "
                    "dsql_options_init()");
    }
    *out = (dsql_options){0};
    memcpy(out, options, size < sizeof *out ? size : sizeof *out);
    return DSQL_OK;
}

/* ---- Numbers ---- */

/* name is that of the field in dsql_options, for messages. */
struct int_rule {
    const char *name;
    int min;
    int max;
    int default_value;
    bool allows_forever; /* -1 */
};

/*
 * 0 is the default, wherever it comes from.  A value out of range is an error and is not
 * adjusted.
 */
static dsql_status resolve_int(const struct int_rule *rule, int value, int *out, dsql_error *err)
{
    if (value == 0) {
        *out = rule->default_value;
        return DSQL_OK;
    }
    bool is_forever = rule->allows_forever && value == -1;
    if (!is_forever && (value < rule->min || value > rule->max)) {
        return fail(err, DSQL_ERR_USAGE, "%s is %d; it must be from %d to %d%s", rule->name, value,
                    rule->min, rule->max, rule->allows_forever ? ", or -1 for no limit" : "");
    }
    *out = value;
    return DSQL_OK;
}

/* A rule, the given value, and where the result goes. */
struct int_field {
    struct int_rule rule;
    int value;
    int *out;
};

static dsql_status resolve_ints(const struct int_field *fields, size_t count, dsql_error *err)
{
    for (size_t i = 0; i < count; i++) {
        dsql_status status = resolve_int(&fields[i].rule, fields[i].value, fields[i].out, err);
        if (status != DSQL_OK) {
            return status;
        }
    }
    return DSQL_OK;
}

/* The hooks are called by the pool; they are not checked, as NULL means that there is none. */
static void resolve_hooks(const dsql_options *options, struct pool_settings *pool)
{
    pool->reset_on_release = options->reset_on_release != 0;
    pool->on_connect = options->on_connect;
    pool->on_connect_arg = options->on_connect_arg;
    pool->on_acquire = options->on_acquire;
    pool->on_acquire_arg = options->on_acquire_arg;
    pool->on_release = options->on_release;
    pool->on_release_arg = options->on_release_arg;
    pool->on_close = options->on_close;
    pool->on_close_arg = options->on_close_arg;
}

/*
 * A connection of Aurora DSQL ends after one hour, so max_lifetime_s may not be longer.  The
 * default leaves five minutes for a transaction that is still running.
 */
static dsql_status resolve_pool(const dsql_options *options, struct pool_settings *pool,
                                dsql_error *err)
{
    const struct int_field fields[] = {
        {{"pool_max", 1, MAX_POOL, 10, false}, options->pool_max, &pool->max},
        {{"pool_min_idle", 0, MAX_POOL, 0, false}, options->pool_min_idle, &pool->min_idle},
        {{"max_lifetime_s", 1, SECONDS_PER_HOUR, 3300, false},
         options->max_lifetime_s,
         &pool->max_lifetime_s},
        {{"max_idle_s", 1, MAX_WAIT_S, 600, false}, options->max_idle_s, &pool->max_idle_s},
        {{"acquire_timeout_ms", 1, MAX_WAIT_MS, 5000, true},
         options->acquire_timeout_ms,
         &pool->acquire_timeout_ms},
        {{"validate_idle_s", 1, MAX_WAIT_S, 30, true},
         options->validate_idle_s,
         &pool->validate_idle_s},
        {{"leak_warn_s", 0, MAX_WAIT_S, 0, false}, options->leak_warn_s, &pool->leak_warn_s},
    };
    resolve_hooks(options, pool);
    pool->trust_ms = POOL_TRUST_MS;
    pool->overtake_ms = POOL_OVERTAKE_MS;
    dsql_status status = resolve_ints(fields, sizeof fields / sizeof fields[0], err);
    if (status == DSQL_OK && pool->min_idle > pool->max) {
        return fail(err, DSQL_ERR_USAGE, "pool_min_idle (%d) is greater than pool_max (%d)",
                    pool->min_idle, pool->max);
    }
    return status;
}

/* The keyword counts retries; the first attempt comes before them. */
static dsql_status attempts_of_keyword(const struct pair_list *list, int *attempts, dsql_error *err)
{
    const char *given = pairs_get(list, KEYWORD_OCC_MAX_RETRIES);
    int64_t retries = 0;
    if (is_blank(given)) {
        return DSQL_OK;
    }
    if (!text_to_int64(text_trim(text_of(given)), 0, MAX_ATTEMPTS - 1, &retries)) {
        return fail(err, DSQL_ERR_USAGE, "occMaxRetries must be a number from 0 to %d",
                    MAX_ATTEMPTS - 1);
    }
    *attempts = (int)retries + 1;
    return DSQL_OK;
}

/*
 * A base that the caller gave may not exceed the maximum.  The default base is lowered instead,
 * so that a caller can set a small maximum alone.
 */
static dsql_status resolve_retry(const dsql_options *options, const struct pair_list *list,
                                 struct retry_settings *retry, dsql_error *err)
{
    int max_attempts = options->max_attempts;
    if (max_attempts == 0 && attempts_of_keyword(list, &max_attempts, err) != DSQL_OK) {
        return DSQL_ERR_USAGE;
    }
    const struct int_field fields[] = {
        {{"max_attempts", 1, MAX_ATTEMPTS, 8, false}, max_attempts, &retry->max_attempts},
        {{"retry_base_ms", 1, MAX_WAIT_MS, 25, false}, options->retry_base_ms, &retry->base_ms},
        {{"retry_max_ms", 1, MAX_WAIT_MS, 1000, false}, options->retry_max_ms, &retry->max_ms},
        {{"transaction_timeout_ms", 1, MAX_WAIT_MS, 60000, true},
         options->transaction_timeout_ms,
         &retry->timeout_ms},
        {{"statement_timeout_ms", 1, MAX_WAIT_MS, -1, true},
         options->statement_timeout_ms,
         &retry->statement_timeout_ms},
    };
    dsql_status status = resolve_ints(fields, sizeof fields / sizeof fields[0], err);
    if (status == DSQL_OK && options->retry_base_ms > retry->max_ms) {
        return fail(err, DSQL_ERR_USAGE, "retry_base_ms (%d) is greater than retry_max_ms (%d)",
                    retry->base_ms, retry->max_ms);
    }
    if (status == DSQL_OK && retry->base_ms > retry->max_ms) {
        retry->base_ms = retry->max_ms; /* the default, over a small maximum of the caller's */
    }
    return status;
}

/* ---- Connection string and arrays ---- */

/* The arrays are those of PQconnectdbParams(), and take precedence over the connection string. */
static dsql_status add_arrays(const dsql_options *options, struct pair_list *list, dsql_error *err)
{
    if (options->pq_keywords == NULL) {
        return DSQL_OK;
    }
    if (options->pq_values == NULL) {
        return fail(err, DSQL_ERR_USAGE, "pq_keywords is given without pq_values");
    }
    for (size_t i = 0; options->pq_keywords[i] != NULL; i++) {
        if (options->pq_values[i] == NULL) { /* as libpq: no value, no keyword */
            continue;
        }
        struct text keyword = keyword_canonical(text_of(options->pq_keywords[i]));
        if (!pairs_set(list, keyword, text_of(options->pq_values[i]))) {
            return fail_nomem(err);
        }
    }
    return DSQL_OK;
}

static dsql_status gather_pairs(const dsql_options *options, struct pair_list *list,
                                dsql_error *err)
{
    /* What copy_options() does not copy it has zeroed. */
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    dsql_status status = conninfo_parse(text_of(options->conninfo), list, err);
    if (status == DSQL_OK) {
        status = add_arrays(options, list, err);
    }
    return status == DSQL_OK ? keywords_check(list, err) : status;
}

/* The keywords that are passed on to libpq.  The settings own the copies. */
static dsql_status keep_pairs(const struct pair_list *list, struct settings *settings,
                              dsql_error *err)
{
    struct pair_list kept = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct pq_pair *pair = &list->items[i];
        if (!keyword_is_resolved(pair->keyword) && pair->value[0] != '\0' && /* as libpq */
            !pairs_set(&kept, text_of(pair->keyword), text_of(pair->value))) {
            pairs_clear(&kept);
            return fail_nomem(err);
        }
    }
    settings->pairs = kept.items;
    settings->pair_count = kept.count;
    return DSQL_OK;
}

/* ---- Strings: field, then connection string, then environment, then default ---- */

/* The result belongs to the options, the list or the environment; its caller copies it. */
static const char *pick(const char *field, const struct pair_list *list, const char *keyword,
                        const char *variable)
{
    if (!is_blank(field)) {
        return field;
    }
    const char *given = pairs_get(list, keyword);
    if (!is_blank(given)) {
        return given;
    }
    return variable == NULL ? NULL : environment_get(variable);
}

/* PostgreSQL would cut a longer name silently, and the user would be another one. */
static dsql_status resolve_name(const char *what, const char *value, const char *default_value,
                                char out[SETTINGS_NAME_SIZE], dsql_error *err)
{
    if (!text_copy(text_of(value == NULL ? default_value : value), out, SETTINGS_NAME_SIZE)) {
        return fail(err, DSQL_ERR_USAGE, "%s is longer than %d bytes", what,
                    SETTINGS_NAME_SIZE - 1);
    }
    return DSQL_OK;
}

static dsql_status resolve_port(const char *value, char out[6], dsql_error *err)
{
    int64_t port = 5432;
    if (value != NULL && !text_to_int64(text_trim(text_of(value)), 1, UINT16_MAX, &port)) {
        return fail(err, DSQL_ERR_USAGE, "port must be a number from 1 to 65535");
    }
    snprintf(out, 6, "%u", (unsigned)(uint16_t)port);
    return DSQL_OK;
}

/* PostgreSQL keeps 63 bytes.  The prefix is cut at a UTF-8 character, so that our own part fits. */
static dsql_status resolve_application_name(const char *prefix, char out[SETTINGS_NAME_SIZE],
                                            dsql_error *err)
{
    struct buf own AUTO_BUF;
    struct buf name AUTO_BUF;
    buf_init(&own, SETTINGS_NAME_SIZE - 1);
    buf_init(&name, SETTINGS_NAME_SIZE - 1);
    buf_printf(&own, "%sdsql-c/%d.%d.%d", prefix == NULL ? "" : ":", DSQL_VERSION_MAJOR,
               DSQL_VERSION_MINOR, DSQL_VERSION_PATCH);
    size_t room = SETTINGS_NAME_SIZE - 1 - own.len;
    struct text start = text_of(prefix);
    buf_add_text(&name, text_slice(start, 0, text_utf8_prefix(start, room)));
    buf_add_text(&name, buf_text(&own));
    bool is_copied = text_copy(buf_text(&name), out, SETTINGS_NAME_SIZE);
    return is_copied && buf_ok(&own) && buf_ok(&name) ? DSQL_OK : fail_nomem(err);
}

/* NULL stays NULL; only a copy that fails is an error. */
static dsql_status dup_optional(const char *value, char **out, dsql_error *err)
{
    *out = mem_strdup(value);
    return value != NULL && *out == NULL ? fail_nomem(err) : DSQL_OK;
}

/*
 * dbname has no variable: PGDATABASE is usually meant for another server, and a cluster has only
 * the database postgres.
 */
static dsql_status resolve_names(const dsql_options *options, const struct pair_list *list,
                                 struct settings *settings, dsql_error *err)
{
    const char *user = pick(options->user, list, "user", "PGUSER");
    dsql_status status = resolve_name("user", user, SETTINGS_ADMIN_USER, settings->user, err);
    if (status == DSQL_OK) {
        status = resolve_name("dbname", pick(options->dbname, list, "dbname", NULL), "postgres",
                              settings->dbname, err);
    }
    if (status == DSQL_OK) {
        status = resolve_port(pick(options->port, list, "port", "PGPORT"), settings->port, err);
    }
    if (status == DSQL_OK) {
        status = resolve_application_name(
            pick(options->application_name, list, "application_name", "PGAPPNAME"),
            settings->application_name, err);
    }
    return status;
}

/*
 * The cluster of an interface endpoint.  Its id is removed from libpq's options, since the
 * cluster's name now identifies it.
 */
static dsql_status resolve_privatelink(const char *host, const char *region, struct pair_list *list,
                                       struct settings *settings, dsql_error *err)
{
    struct privatelink link;
    dsql_status status = privatelink_resolve(host, pairs_get(list, "options"), &link, err);
    if (status != DSQL_OK) {
        return status;
    }
    status = dup_optional(link.via, &settings->via, err);
    if (status == DSQL_OK && !pairs_set(list, text_of("options"), text_of(link.options))) {
        status = fail_nomem(err);
    }
    if (status == DSQL_OK) {
        status = endpoint_resolve(link.host, region, &settings->endpoint, err);
    }
    privatelink_clear(&link);
    return status;
}

static dsql_status resolve_endpoint(const dsql_options *options, struct pair_list *list,
                                    struct settings *settings, dsql_error *err)
{
    const char *host = pick(options->host, list, "host", "PGHOST");
    const char *region = pick(options->region, list, "region", NULL);
    if (privatelink_is_host(host)) {
        return resolve_privatelink(host, region, list, settings, err);
    }
    return endpoint_resolve(host, region, &settings->endpoint, err);
}

static dsql_status resolve_strings(const dsql_options *options, struct pair_list *list,
                                   struct settings *settings, dsql_error *err)
{
    dsql_status status = resolve_endpoint(options, list, settings, err);
    if (status == DSQL_OK) {
        status = resolve_names(options, list, settings, err);
    }
    if (status == DSQL_OK) {
        status =
            dup_optional(pick(options->profile, list, "profile", NULL), &settings->profile, err);
    }
    if (status == DSQL_OK) {
        status = dup_optional(pick(options->ca_file, list, "sslrootcert", NULL), &settings->ca_file,
                              err);
    }
    return status;
}

/* ---- Numbers that a connection string may hold ---- */

static dsql_status resolve_token_seconds(const dsql_options *options, const struct pair_list *list,
                                         struct settings *settings, dsql_error *err)
{
    static const struct int_rule rule = {"token_seconds", 1, SETTINGS_MAX_TOKEN_SECONDS,
                                         SETTINGS_DEFAULT_TOKEN_SECONDS, false};
    const char *given = pairs_get(list, "token_duration_secs");
    int64_t value = options->token_seconds;
    if (value == 0 && !is_blank(given) &&
        !text_to_int64(text_trim(text_of(given)), 0, SETTINGS_MAX_TOKEN_SECONDS, &value)) {
        return fail(err, DSQL_ERR_USAGE, "tokenDurationSecs must be a number from 1 to %d",
                    SETTINGS_MAX_TOKEN_SECONDS);
    }
    return resolve_int(&rule, (int)value, &settings->token_seconds, err);
}

/* libpq's connect_timeout is in seconds; zero or less means no limit. */
static dsql_status timeout_of_keyword(const char *given, int *timeout_ms, dsql_error *err)
{
    struct text text = text_trim(text_of(given));
    bool is_negative = text_starts_with(text, "-");
    int64_t seconds = 0;
    if (!text_to_int64(text_slice(text, is_negative ? 1 : 0, text.len), 0, MAX_WAIT_S, &seconds)) {
        return fail(err, DSQL_ERR_USAGE, "connect_timeout must be a number of seconds up to %d",
                    MAX_WAIT_S);
    }
    *timeout_ms = is_negative || seconds == 0 ? -1 : (int)seconds * MS_PER_SECOND;
    return DSQL_OK;
}

static dsql_status resolve_connect_timeout(const dsql_options *options,
                                           const struct pair_list *list, struct settings *settings,
                                           dsql_error *err)
{
    static const struct int_rule rule = {"connect_timeout_ms", 1, MAX_WAIT_MS, 10000, true};
    const char *given = pairs_get(list, "connect_timeout");
    int value = options->connect_timeout_ms;
    if (value == 0 && !is_blank(given)) {
        dsql_status status = timeout_of_keyword(given, &value, err);
        if (status != DSQL_OK) {
            return status;
        }
    }
    return resolve_int(&rule, value, &settings->connect_timeout_ms, err);
}

static dsql_status resolve_numbers(const dsql_options *options, const struct pair_list *list,
                                   struct settings *settings, dsql_error *err)
{
    dsql_status status = resolve_token_seconds(options, list, settings, err);
    if (status == DSQL_OK) {
        status = resolve_connect_timeout(options, list, settings, err);
    }
    if (status == DSQL_OK) {
        status = resolve_pool(options, &settings->pool, err);
    }
    return status == DSQL_OK ? resolve_retry(options, list, &settings->retry, err) : status;
}

/* ---- All of it ---- */

/* keep_pairs() comes last, because resolving the endpoint changes "options" in the list. */
static dsql_status resolve(const dsql_options *options, struct settings *settings, dsql_error *err)
{
    struct pair_list list AUTO_PAIRS = {0};
    dsql_status status = gather_pairs(options, &list, err);
    if (status == DSQL_OK) {
        status = resolve_strings(options, &list, settings, err);
    }
    if (status == DSQL_OK) {
        status = resolve_numbers(options, &list, settings, err);
    }
    return status == DSQL_OK ? keep_pairs(&list, settings, err) : status;
}

/* The reference to the provider is taken last, when nothing can fail any more. */
dsql_status settings_resolve(const dsql_options *options, struct settings *out, dsql_error *err)
{
    dsql_options current;
    dsql_status status = copy_options(options, &current, err);
    if (status != DSQL_OK) {
        return status;
    }
    struct settings settings = {0};
    status = resolve(&current, &settings, err);
    if (status != DSQL_OK) {
        settings_clear(&settings);
        return status;
    }
    settings.logger = (struct logger){.write = current.log, .arg = current.log_arg};
    if (current.credentials != NULL) {
        settings.credentials = dsql_credentials_ref(current.credentials);
    }
    *out = settings;
    return DSQL_OK;
}

/*
 * The whole list is checked, although only one keyword of it is used: a mistake in the connection
 * string should not depend on the function that sees it.
 */
dsql_status settings_resolve_retry(const dsql_options *options, struct retry_settings *out,
                                   struct logger *logger, dsql_error *err)
{
    dsql_options current = dsql_options_init();
    if (options != NULL) {
        dsql_status status = copy_options(options, &current, err);
        if (status != DSQL_OK) {
            return status;
        }
    }
    struct pair_list list AUTO_PAIRS = {0};
    struct retry_settings retry = {0};
    dsql_status status = gather_pairs(&current, &list, err);
    if (status == DSQL_OK) {
        status = resolve_retry(&current, &list, &retry, err);
    }
    if (status == DSQL_OK) {
        *out = retry;
        *logger = (struct logger){.write = current.log, .arg = current.log_arg};
    }
    return status;
}

void settings_clear(struct settings *settings)
{
    struct pair_list list = {.items = settings->pairs, .count = settings->pair_count};
    pairs_clear(&list);
    mem_free(settings->via);
    mem_free(settings->profile);
    mem_free(settings->ca_file);
    if (settings->credentials != NULL) {
        dsql_credentials_unref(settings->credentials);
    }
    *settings = (struct settings){0};
}
