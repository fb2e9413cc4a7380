/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the arrays of keywords and values that libpq connects with.  What makes a connection
 * safe is set here and cannot be changed by the environment: verify-full, a CA, no GSS, only the
 * password method, and direct TLS where libpq has it.  The caller's own keywords come last;
 * config/keywords.h has already rejected those that would weaken this.
 *
 * The arrays are owned by dsql_params and contain the token, so they are wiped when they are
 * freed.
 */
#include "connect/params.h"

#include "base/buf.h"
#include "base/cancellation.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/secret.h"
#include "config/environment.h"
#include "connect/environment_guard.h"
#include "connect/sslrootcert.h"
#include "token/complete.h"
#include "token/token.h"

#include <stdio.h>

enum {
    LIBPQ_WITH_REQUIRE_AUTH = 160000,
    LIBPQ_WITH_DIRECT_TLS = 170000,
    OWN_PAIRS = 13, /* at most so many add() calls in add_own() and add_where() */
    HOSTS_MAX = ADDRESSES_MAX * (ENDPOINT_HOST_SIZE + 1)
};

struct dsql_params {
    char **keywords; /* both end with NULL */
    char **values;   /* one is the token, so all are overwritten before they are freed */
    size_t count;
    bool is_broken; /* an add() was out of memory */
};

/*
 * Grows nothing: params_build() made room for all of it.  The pair is counted even when a copy
 * failed, so that dsql_params_free() frees the other half.
 */
static void add(struct dsql_params *params, const char *keyword, const char *value)
{
    char *keyword_copy = mem_strdup(keyword);
    char *value_copy = mem_strdup(value);
    params->keywords[params->count] = keyword_copy;
    params->values[params->count] = value_copy;
    params->count++;
    params->is_broken = params->is_broken || keyword_copy == NULL || value_copy == NULL;
}

/*
 * In whole seconds, for callers of PQconnectdbParams(); PQconnectPoll() ignores it.  Rounded up,
 * as 0 means "no limit" to libpq.
 */
static void add_connect_timeout(struct dsql_params *params, int timeout_ms)
{
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%d", timeout_ms < 0 ? 0 : (timeout_ms - 1) / 1000 + 1);
    add(params, "connect_timeout", seconds);
}

/*
 * require_auth (libpq 16) makes libpq reject a server that asks for anything but a password: a
 * fake server could otherwise ask for none and pass for the cluster.  sslnegotiation=direct
 * (libpq 17) saves a round trip and leaves nothing to be sent before TLS.
 */
static void add_own(struct dsql_params *params, const struct settings *settings, const char *token,
                    const char *ca, int libpq_version)
{
    add(params, "port", settings->port);
    add(params, "user", settings->user);
    add(params, "dbname", settings->dbname);
    add(params, "password", token);
    add(params, "application_name", settings->application_name);
    add_connect_timeout(params, settings->connect_timeout_ms);
    add(params, "sslmode", "verify-full");
    add(params, "sslrootcert", ca);
    add(params, "gssencmode", "disable");
    if (libpq_version >= LIBPQ_WITH_REQUIRE_AUTH) {
        add(params, "require_auth", "password");
    }
    if (libpq_version >= LIBPQ_WITH_DIRECT_TLS) {
        add(params, "sslnegotiation", "direct");
    }
}

/* ---- Host and address ---- */

/*
 * A hostaddr or PGHOSTADDR of the user is more precise than the library's own lookup, so it wins.
 */
static bool has_address(const struct settings *settings)
{
    for (size_t i = 0; i < settings->pair_count; i++) {
        if (text_equal_string(text_of(settings->pairs[i].keyword), "hostaddr")) {
            return true;
        }
    }
    return !text_is_empty(text_of(environment_raw("PGHOSTADDR")));
}

/* libpq pairs host=H,H with hostaddr=10.0.0.1,10.0.0.2; TLS verifies H at each address. */
static void add_addresses(struct dsql_params *params, const char *host,
                          const struct addresses *addresses)
{
    struct buf hosts AUTO_BUF;
    struct buf numbers AUTO_BUF;
    buf_init(&hosts, HOSTS_MAX);
    buf_init(&numbers, HOSTS_MAX);
    for (size_t i = 0; i < addresses->count; i++) {
        buf_printf(&hosts, "%s%s", i == 0 ? "" : ",", host);
        buf_printf(&numbers, "%s%s", i == 0 ? "" : ",", addresses->items[i]);
    }
    AUTO_FREE char *host_list = buf_take(&hosts);
    AUTO_FREE char *number_list = buf_take(&numbers);
    add(params, "host", host_list);
    add(params, "hostaddr", number_list);
}

/*
 * With an interface endpoint (AWS PrivateLink) the name to connect to and the name to verify
 * differ.  libpq verifies "host" and connects to "hostaddr".
 */
static dsql_status add_where(struct dsql_params *params, const struct settings *settings,
                             const struct resolver *resolver, dsql_error *err)
{
    if (settings->via == NULL || has_address(settings)) {
        add(params, "host", settings->endpoint.host);
        return DSQL_OK;
    }
    struct addresses addresses;
    dsql_status status = resolver_lookup(resolver, settings->via, &addresses, err);
    if (status == DSQL_OK) {
        add_addresses(params, settings->endpoint.host, &addresses);
    }
    return status;
}

/* ---- All parameters ---- */

/* One more, for the NULL at the end of each array. */
static dsql_params *params_new(size_t capacity)
{
    struct dsql_params *params = mem_new(sizeof *params);
    if (params == NULL) {
        return NULL;
    }
    params->keywords = mem_new_array(capacity + 1, sizeof(char *));
    params->values = mem_new_array(capacity + 1, sizeof(char *));
    if (params->keywords == NULL || params->values == NULL) {
        dsql_params_free(params);
        return NULL;
    }
    return params;
}

/* Copies, so the guard can be cleared at once. */
static bool add_guard(struct dsql_params *params, const struct settings *settings,
                      int libpq_version)
{
    struct environment_guard guard;
    if (!environment_guard_init(settings, libpq_version, &guard)) {
        return false;
    }
    for (size_t i = 0; i < guard.count; i++) {
        add(params, guard.pairs[i].keyword, guard.pairs[i].value);
    }
    environment_guard_clear(&guard);
    return true;
}

/* The guard is asked what the caller has not given, so its keywords never repeat the caller's. */
static dsql_status fill(struct dsql_params *params, const struct settings *settings,
                        const char *token, int libpq_version, dsql_error *err)
{
    AUTO_FREE char *ca = sslrootcert_find(settings, libpq_version, err);
    if (ca == NULL) {
        return DSQL_ERR_CONNECT;
    }
    add_own(params, settings, token, ca, libpq_version);
    if (!add_guard(params, settings, libpq_version)) {
        return fail_nomem(err);
    }
    for (size_t i = 0; i < settings->pair_count; i++) {
        add(params, settings->pairs[i].keyword, settings->pairs[i].value);
    }
    return params->is_broken ? fail_nomem(err) : DSQL_OK;
}

/*
 * The variables that cannot be neutralized are checked first, before any work.  On failure
 * nothing is returned, and the token that was copied is wiped.
 */
dsql_params *params_build(const struct settings *settings, const char *token, int libpq_version,
                          const struct resolver *resolver, dsql_error *err)
{
    if (environment_guard_check(settings, err) != DSQL_OK) {
        return NULL;
    }
    dsql_params *params = params_new(OWN_PAIRS + ENVIRONMENT_GUARD_MAX + settings->pair_count);
    if (params == NULL) {
        fail_nomem(err);
        return NULL;
    }
    if (add_where(params, settings, resolver, err) != DSQL_OK ||
        fill(params, settings, token, libpq_version, err) != DSQL_OK) {
        dsql_params_free(params);
        return NULL;
    }
    return params;
}

dsql_params *dsql_params_new(const dsql_options *options, dsql_error *err)
{
    HOLD_CANCELLATION();
    struct settings settings;
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    char *token = NULL;
    int64_t expires_at = 0;
    dsql_params *params = NULL;
    if (token_for_settings(&settings, clock_system(), -1, &token, &expires_at, err) == DSQL_OK) {
        params = params_build(&settings, token, PQlibVersion(), resolver_system(), err);
    }
    secret_free_string(token);
    settings_clear(&settings);
    return params;
}

dsql_params *dsql_params_new_with_token(const dsql_options *options, const char *token,
                                        dsql_error *err)
{
    HOLD_CANCELLATION();
    struct settings settings;
    if (token == NULL || token[0] == '\0') {
        fail(err, DSQL_ERR_USAGE,
             "dsql_params_new_with_token(): token must not be empty; dsql_token() makes one");
        return NULL;
    }
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    dsql_params *params = params_build(&settings, token, PQlibVersion(), resolver_system(), err);
    settings_clear(&settings);
    return params;
}

/* The casts are needed because char ** does not convert to const char *const * in C. */

const char *const *dsql_params_keywords(const dsql_params *params)
{
    return (const char *const *)params->keywords;
}

const char *const *dsql_params_values(const dsql_params *params)
{
    return (const char *const *)params->values;
}

void dsql_params_free(dsql_params *params)
{
    if (params == NULL) {
        return;
    }
    for (size_t i = 0; i < params->count; i++) { /* count is 0 while an array is missing */
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        mem_free(params->keywords[i]);
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        secret_free_string(params->values[i]);
    }
    mem_free(params->keywords);
    mem_free(params->values);
    mem_free(params);
}
