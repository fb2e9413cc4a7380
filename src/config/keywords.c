/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Three lists decide what happens to a keyword: our own, those with a fixed value, and those that
 * are refused.  A keyword on none of them must be known to the libpq that is loaded.
 */
#include "config/keywords.h"

#include "base/error.h"

/* The connectors for other languages have these, each in the spelling of its language. */
static const struct {
    const char *alias;
    const char *canonical;
} aliases[] = {
    {"tokenDurationSecs", "token_duration_secs"},
    {"token-duration-secs", "token_duration_secs"},
    {"occMaxRetries", KEYWORD_OCC_MAX_RETRIES},
    {"occ-max-retries", KEYWORD_OCC_MAX_RETRIES},
    {"ormPrefix", "application_name"},
    {"orm_prefix", "application_name"},
    {"orm-prefix", "application_name"},
};

/* Comparisons are exact, as in libpq. */
struct text keyword_canonical(struct text keyword)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (text_equal_string(keyword, aliases[i].alias)) {
            return text_of(aliases[i].canonical);
        }
    }
    return keyword;
}

/* sslmode, sslnegotiation and gssencmode are here because connect/ sets them itself. */
bool keyword_is_resolved(const char *keyword)
{
    static const char *const resolved[] = {"region",
                                           "profile",
                                           "token_duration_secs",
                                           "host",
                                           "port",
                                           "user",
                                           "dbname",
                                           "application_name",
                                           "sslrootcert",
                                           "connect_timeout",
                                           "sslmode",
                                           "sslnegotiation",
                                           "gssencmode",
                                           KEYWORD_OCC_MAX_RETRIES};
    for (size_t i = 0; i < sizeof resolved / sizeof resolved[0]; i++) {
        if (text_equal_string(text_of(keyword), resolved[i])) {
            return true;
        }
    }
    return false;
}

/*
 * A keyword with one acceptable value, which is the one that libdsql sets.  Giving it is allowed,
 * so that a connection string for libpq can be used unchanged.
 */
struct fixed_keyword {
    const char *keyword;
    const char *value;
    const char *why;
};

static const struct fixed_keyword fixed_keywords[] = {
    {"sslmode", "verify-full", "the token must only go to the real endpoint"},
    {"sslnegotiation", "direct", "libdsql negotiates TLS directly wherever libpq can"},
    {"gssencmode", "disable", "connections to DSQL are encrypted with TLS"},
    {"sslcompression", "0", "compression weakens TLS"},
    {"sslsni", "1", "Aurora DSQL finds the cluster by the name that TLS sends"},
};

/* The given value is not shown; it may be part of a password. */
static dsql_status check_fixed(const struct pq_pair *pair, dsql_error *err)
{
    for (size_t i = 0; i < sizeof fixed_keywords / sizeof fixed_keywords[0]; i++) {
        const struct fixed_keyword *fixed = &fixed_keywords[i];
        if (text_equal_string(text_of(pair->keyword), fixed->keyword) &&
            !text_equal_string(text_of(pair->value), fixed->value)) {
            return fail(err, DSQL_ERR_USAGE, "%s must be \"%s\": %s", fixed->keyword, fixed->value,
                        fixed->why);
        }
    }
    return DSQL_OK;
}

/* Keywords that are refused with any value.  The message never repeats the value. */
static dsql_status check_refused(const struct pq_pair *pair, dsql_error *err)
{
    static const struct fixed_keyword refused[] = {
        {"password", "", "the token is the password, and libdsql makes it"},
        {"passfile", "", "the token is the password, and libdsql makes it"},
        {"service", "", "a service file could replace the host, the user and TLS settings"},
        {"servicefile", "", "a service file could replace the host, the user and TLS settings"},
        {"require_auth", "", "libdsql sets it"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (text_equal_string(text_of(pair->keyword), refused[i].keyword)) {
            return fail(err, DSQL_ERR_USAGE, "%s is not allowed: %s", refused[i].keyword,
                        refused[i].why);
        }
    }
    return DSQL_OK;
}

/* An empty minimum means "any version" to libpq, so it is refused as well. */
static dsql_status check_tls_version(const struct pq_pair *pair, dsql_error *err)
{
    struct text keyword = text_of(pair->keyword);
    struct text value = text_of(pair->value);
    if (!text_equal_string(keyword, "ssl_min_protocol_version") &&
        !text_equal_string(keyword, "ssl_max_protocol_version")) {
        return DSQL_OK;
    }
    if (text_equal_nocase(value, text_of("TLSv1")) ||
        text_equal_nocase(value, text_of("TLSv1.1")) ||
        (text_is_empty(value) && text_equal_string(keyword, "ssl_min_protocol_version"))) {
        return fail(err, DSQL_ERR_USAGE, "%s must be TLSv1.2 or later", pair->keyword);
    }
    return DSQL_OK;
}

/* options ends with an entry without a keyword. */
static bool is_known_to_libpq(const PQconninfoOption *options, const char *keyword)
{
    for (size_t i = 0; options[i].keyword != NULL; i++) {
        if (text_equal_string(text_of(keyword), options[i].keyword)) {
            return true;
        }
    }
    return false;
}

/*
 * A keyword that is not a word may be a piece of a password with an unescaped '?' or space in it.
 */
static bool is_printable_keyword(struct text keyword)
{
    for (size_t i = 0; i < keyword.len; i++) {
        if (!char_is_alnum(keyword.data[i]) && keyword.data[i] != '_' && keyword.data[i] != '-') {
            return false;
        }
    }
    return keyword.len > 0 && keyword.len <= 63;
}

static dsql_status check_known(const PQconninfoOption *options, const struct pq_pair *pair,
                               dsql_error *err)
{
    if (keyword_is_resolved(pair->keyword) || is_known_to_libpq(options, pair->keyword)) {
        return DSQL_OK;
    }
    const char *shown = is_printable_keyword(text_of(pair->keyword)) ? pair->keyword : "?";
    return fail(
        err, DSQL_ERR_USAGE,
        "unknown keyword \"%s\": the valid ones are host, port, user, dbname, region, profile, "
        "tokenDurationSecs, occMaxRetries, application_name, sslrootcert, connect_timeout, or "
        "any libpq keyword",
        shown);
}

/* The order matters: a refused keyword is known to libpq, too. */
static dsql_status check_pair(const PQconninfoOption *options, const struct pq_pair *pair,
                              dsql_error *err)
{
    dsql_status status = check_refused(pair, err);
    if (status == DSQL_OK) {
        status = check_fixed(pair, err);
    }
    if (status == DSQL_OK) {
        status = check_tls_version(pair, err);
    }
    if (status == DSQL_OK) {
        status = check_known(options, pair, err);
    }
    return status;
}

dsql_status keywords_check(const struct pair_list *list, dsql_error *err)
{
    if (list->count == 0) {
        return DSQL_OK;
    }
    PQconninfoOption *options =
        PQconndefaults(); /* asks the libpq that is loaded, not that of the build */
    if (options == NULL) {
        return fail_nomem(err);
    }
    dsql_status status = DSQL_OK;
    for (size_t i = 0; status == DSQL_OK && i < list->count; i++) {
        status = check_pair(options, &list->items[i], err);
    }
    PQconninfoFree(options);
    return status;
}
