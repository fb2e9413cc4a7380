/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See params.h. */
#include "connect/params.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/secret.h"
#include "connect/trust.h"
#include "token/complete.h"
#include "token/token.h"

enum {
    LIBPQ_WITH_REQUIRE_AUTH = 160000,
    LIBPQ_WITH_DIRECT_TLS = 170000,
    OWN_PAIRS = 12 /* how many add() calls add_own() can make */
};

struct dsql_params {
    char **keywords; /* both end with NULL */
    char **values;   /* one of them is the token: wiped, all of them */
    size_t count;
    bool is_broken; /* out of memory on the way */
};

static void add(struct dsql_params *params, const char *keyword, const char *value)
{
    char *keyword_copy = mem_strdup(keyword);
    char *value_copy = mem_strdup(value);
    params->keywords[params->count] = keyword_copy;
    params->values[params->count] = value_copy;
    params->count++;
    params->is_broken = params->is_broken || keyword_copy == NULL || value_copy == NULL;
}

static void add_own(struct dsql_params *params, const struct settings *settings, const char *token,
                    const char *ca, int libpq_version)
{
    add(params, "host", settings->endpoint.host);
    add(params, "port", settings->port);
    add(params, "user", settings->user);
    add(params, "dbname", settings->dbname);
    add(params, "password", token);
    add(params, "application_name", settings->application_name);
    add(params, "sslmode", "verify-full");
    add(params, "sslrootcert", ca);
    add(params, "ssl_min_protocol_version", "TLSv1.2");
    add(params, "gssencmode", "disable");
    if (libpq_version >= LIBPQ_WITH_REQUIRE_AUTH) {
        add(params, "require_auth", "password");
    }
    if (libpq_version >= LIBPQ_WITH_DIRECT_TLS) {
        add(params, "sslnegotiation", "direct");
    }
}

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

dsql_params *params_build(const struct settings *settings, const char *token, int libpq_version,
                          dsql_error *err)
{
    AUTO_FREE char *ca = trust_find(settings, libpq_version, err);
    if (ca == NULL) {
        return NULL;
    }
    dsql_params *params = params_new(OWN_PAIRS + settings->pair_count);
    if (params != NULL) {
        add_own(params, settings, token, ca, libpq_version);
        for (size_t i = 0; i < settings->pair_count; i++) {
            add(params, settings->pairs[i].keyword, settings->pairs[i].value);
        }
    }
    if (params == NULL || params->is_broken) {
        dsql_params_free(params);
        fail_nomem(err);
        return NULL;
    }
    return params;
}

dsql_params *dsql_params_new(const dsql_options *options, dsql_error *err)
{
    struct settings settings;
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    char *token = NULL;
    int64_t expires_at = 0;
    dsql_params *params = NULL;
    if (token_for_settings(&settings, clock_system(), &token, &expires_at, err) == DSQL_OK) {
        params = params_build(&settings, token, PQlibVersion(), err);
    }
    secret_free_string(token);
    settings_clear(&settings);
    return params;
}

dsql_params *dsql_params_new_with_token(const dsql_options *options, const char *token,
                                        dsql_error *err)
{
    struct settings settings;
    if (token == NULL || token[0] == '\0') {
        fail(err, DSQL_ERR_USAGE, "no token: make one with dsql_token()");
        return NULL;
    }
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    dsql_params *params = params_build(&settings, token, PQlibVersion(), err);
    settings_clear(&settings);
    return params;
}

/* libpq wants const char *const *; char ** does not convert to it in C. */
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
