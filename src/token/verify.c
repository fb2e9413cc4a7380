/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Every client signs the same canonical text but writes the parameters in an order of its own.
 * So the token is parsed, each parameter is checked, and what it contains is signed again.
 * Whether it has expired, and whether the key is known, is decided by the caller.
 */
#include "token/verify.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/percent.h"

enum param {
    PARAM_ACTION,
    PARAM_ALGORITHM,
    PARAM_CREDENTIAL,
    PARAM_DATE,
    PARAM_EXPIRES,
    PARAM_SIGNED_HEADERS,
    PARAM_SIGNATURE,
    PARAM_SESSION_TOKEN, /* the only one that may be missing */
    PARAM_COUNT
};

static const char *const param_names[PARAM_COUNT] = {
    [PARAM_ACTION] = "Action",
    [PARAM_ALGORITHM] = "X-Amz-Algorithm",
    [PARAM_CREDENTIAL] = "X-Amz-Credential",
    [PARAM_DATE] = "X-Amz-Date",
    [PARAM_EXPIRES] = "X-Amz-Expires",
    [PARAM_SIGNED_HEADERS] = "X-Amz-SignedHeaders",
    [PARAM_SIGNATURE] = "X-Amz-Signature",
    [PARAM_SESSION_TOKEN] = "X-Amz-Security-Token",
};

struct params {
    char *values[PARAM_COUNT]; /* decoded; NULL: not seen */
};

enum {
    MAX_HOST = ENDPOINT_HOST_SIZE - 1,
    SCOPE_DATE_LENGTH = 8 /* the first eight of X-Amz-Date */
};

/* The reasons are static texts about the form.  They never contain a part of the token. */
static bool refuse(const char **why, const char *reason)
{
    if (why != NULL) {
        *why = reason;
    }
    return false;
}

static bool is_printable(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return true;
}

/* The host is signed again, so a character that SigV4 would write otherwise is not accepted. */
static bool is_host(struct text host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (!char_is_alnum(host.data[i]) && host.data[i] != '-' && host.data[i] != '.') {
            return false;
        }
    }
    return host.len > 0 && host.len <= MAX_HOST;
}

/* Lower case only, as SigV4 writes it. */
static bool is_signature(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_digit(text.data[i]) && !(text.data[i] >= 'a' && text.data[i] <= 'f')) {
            return false;
        }
    }
    return text.len == SIGV4_HEX_SIZE - 1;
}

static void params_clear(struct params *params)
{
    for (size_t i = 0; i < PARAM_COUNT; i++) {
        secret_free_string(params->values[i]);
        params->values[i] = NULL;
    }
}

/*
 * NULL, with a reason, if the text does not decode to printable characters.  The value may be a
 * session token, so it is freed with secret_free_string().
 */
static char *decode(struct text raw, const char **why)
{
    struct buf out AUTO_BUF;
    buf_init_secret(&out, TOKEN_MAX_SIZE);
    if (!percent_decode(&out, raw) || !is_printable(buf_text(&out))) {
        refuse(why, "a parameter is not properly percent-encoded");
        return NULL;
    }
    char *value = buf_take(&out);
    if (value == NULL) {
        refuse(why, "out of memory");
    }
    return value;
}

/* Names are compared exactly: SigV4 does not fold their case. */
static bool find_param(struct text name, size_t *index)
{
    for (size_t i = 0; i < PARAM_COUNT; i++) {
        if (text_equal_string(name, param_names[i])) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* A parameter that occurs twice is refused, since the signature would cover only one of them. */
static bool read_param(struct text pair, struct params *params, const char **why)
{
    struct text name;
    struct text value;
    size_t index = 0;
    if (!text_cut(pair, '=', &name, &value)) {
        return refuse(why, "a parameter has no value");
    }
    if (!find_param(name, &index)) {
        return refuse(why, "it has an unknown parameter");
    }
    if (params->values[index] != NULL) {
        return refuse(why, "a parameter occurs twice");
    }
    params->values[index] = decode(value, why);
    return params->values[index] != NULL;
}

/* PARAM_SESSION_TOKEN is the last of the enum, and the only one that may be missing. */
static bool read_params(struct text query, struct params *params, const char **why)
{
    bool has_more = true;
    while (has_more) {
        struct text pair;
        has_more = text_cut(query, '&', &pair, &query);
        if (!read_param(pair, params, why)) {
            return false;
        }
    }
    for (size_t i = 0; i < PARAM_SESSION_TOKEN; i++) {
        if (params->values[i] == NULL) {
            return refuse(why, "a parameter is missing");
        }
    }
    return true;
}

static struct text value_of(const struct params *params, enum param param)
{
    return text_of(params->values[param]);
}

/* Only "host" may be signed, because a password has no headers. */
static bool check_constants(const struct params *params, const char **why)
{
    if (!text_equal_string(value_of(params, PARAM_ALGORITHM), SIGV4_ALGORITHM)) {
        return refuse(why, "its algorithm is not " SIGV4_ALGORITHM);
    }
    if (!text_equal_string(value_of(params, PARAM_SIGNED_HEADERS), "host")) {
        return refuse(why, "its signed headers are not exactly host");
    }
    return true;
}

static bool read_action(const struct params *params, struct token_claims *claims, const char **why)
{
    struct text action = value_of(params, PARAM_ACTION);
    if (text_equal_string(action, token_action_name(TOKEN_CONNECT_ADMIN))) {
        claims->action = TOKEN_CONNECT_ADMIN;
        return true;
    }
    claims->action = TOKEN_CONNECT;
    return text_equal_string(action, token_action_name(TOKEN_CONNECT)) ||
           refuse(why, "its action is neither DbConnect nor DbConnectAdmin");
}

static bool read_times(const struct params *params, struct token_claims *claims, const char **why)
{
    int64_t seconds = 0;
    struct text expires = value_of(params, PARAM_EXPIRES);
    if (!clock_parse_basic(value_of(params, PARAM_DATE), &claims->signed_at)) {
        return refuse(why, "its date is not of the form YYYYMMDDTHHMMSSZ");
    }
    /* A leading zero would be signed as something else than it is read as. */
    if (text_starts_with(expires, "0") ||
        !text_to_int64(expires, 1, SIGV4_MAX_EXPIRES_S, &seconds)) {
        return refuse(why, "its lifetime is not between 1 and 604800 seconds");
    }
    claims->expires_at = claims->signed_at + seconds;
    return true;
}

/* The fields between the slashes of KEY/DATE/REGION/dsql/aws4_request. */
struct credential {
    struct text access_key_id;
    struct text date;
    struct text region;
    struct text service;
};

static bool split_credential(struct text text, struct credential *credential)
{
    struct text rest;
    return text_cut(text, '/', &credential->access_key_id, &rest) &&
           text_cut(rest, '/', &credential->date, &rest) &&
           text_cut(rest, '/', &credential->region, &rest) &&
           text_cut(rest, '/', &credential->service, &rest) &&
           !text_is_empty(credential->access_key_id) && text_equal_string(rest, "aws4_request");
}

/* The date of the scope must be that of the signature (SigV4, "credential scope"). */
static bool check_credential(const struct params *params, const struct credential *credential,
                             const char **why)
{
    if (!text_equal_string(credential->service, TOKEN_SERVICE)) {
        return refuse(why, "it was signed for a service other than dsql");
    }
    if (!endpoint_is_region(credential->region)) {
        return refuse(why, "its region is not valid");
    }
    return text_equal(credential->date,
                      text_slice(value_of(params, PARAM_DATE), 0, SCOPE_DATE_LENGTH)) ||
           refuse(why, "the dates of its credential and of its signature differ");
}

static bool read_credential(const struct params *params, struct token_claims *claims,
                            const char **why)
{
    struct credential credential;
    if (!split_credential(value_of(params, PARAM_CREDENTIAL), &credential)) {
        return refuse(why, "its credential is not of the form KEY/DATE/REGION/dsql/aws4_request");
    }
    if (!check_credential(params, &credential, why)) {
        return false;
    }
    claims->access_key_id = text_dup(credential.access_key_id);
    claims->region = text_dup(credential.region);
    return (claims->access_key_id != NULL && claims->region != NULL &&
            text_copy(credential.date, claims->scope_date, sizeof claims->scope_date)) ||
           refuse(why, "out of memory");
}

static bool read_signature(const struct params *params, struct token_claims *claims,
                           const char **why)
{
    struct text signature = value_of(params, PARAM_SIGNATURE);
    if (!is_signature(signature) ||
        !text_copy(signature, claims->signature, sizeof claims->signature)) {
        return refuse(why, "its signature is not 64 lower-case hexadecimal digits");
    }
    return true;
}

static bool read_claims(struct text host, struct params *params, struct token_claims *claims,
                        const char **why)
{
    if (!check_constants(params, why) || !read_action(params, claims, why) ||
        !read_times(params, claims, why) || !read_credential(params, claims, why) ||
        !read_signature(params, claims, why)) {
        return false;
    }
    claims->host = text_dup(host);
    if (claims->host == NULL) {
        return refuse(why, "out of memory");
    }
    claims->session_token = params->values[PARAM_SESSION_TOKEN]; /* the claims own it now */
    params->values[PARAM_SESSION_TOKEN] = NULL;
    return true;
}

/* HOST/?QUERY, or HOST?QUERY as the C++ and Kotlin SDKs write it. */
static bool split(struct text token, struct text *host, struct text *query, const char **why)
{
    if (token.len > TOKEN_MAX_SIZE) {
        return refuse(why, "it is longer than 64 KiB");
    }
    if (!is_printable(token) || !text_cut(token, '?', host, query)) {
        return refuse(why, "it is not a token");
    }
    if (text_ends_with(*host, "/")) {
        *host = text_slice(*host, 0, host->len - 1);
    }
    return is_host(*host) || refuse(why, "it does not begin with a host name");
}

bool token_claims_parse(struct text token, struct token_claims *claims, const char **why)
{
    struct text host;
    struct text query;
    struct params params = {{NULL}};
    *claims = (struct token_claims){0};
    refuse(why, NULL);
    bool ok = split(token, &host, &query, why) && read_params(query, &params, why) &&
              read_claims(host, &params, claims, why);
    params_clear(&params);
    if (!ok) {
        token_claims_clear(claims);
    }
    return ok;
}

void token_claims_clear(struct token_claims *claims)
{
    mem_free(claims->host);
    mem_free(claims->access_key_id);
    mem_free(claims->region);
    secret_free_string(claims->session_token);
    secret_wipe(claims, sizeof *claims);
}

/* The comparison takes the same time wherever the signatures differ. */
static bool is_signed_for(const struct token_claims *claims, const char *host,
                          const struct secret *secret_access_key)
{
    struct sigv4_presign presign;
    char signature[SIGV4_HEX_SIZE];
    struct buf query AUTO_BUF;
    buf_init_secret(&query, SIGV4_MAX_TEXT);
    if (!token_presign_init(&presign, claims->action, claims->signed_at)) {
        return false;
    }
    presign.host = host;
    presign.access_key_id = claims->access_key_id;
    presign.session_token = claims->session_token;
    presign.scope.region = claims->region;
    presign.expires_s = claims->expires_at - claims->signed_at;
    bool is_equal =
        sigv4_presign(&presign, secret_access_key, &query, signature) &&
        secret_equal(signature, SIGV4_HEX_SIZE - 1, claims->signature, SIGV4_HEX_SIZE - 1);
    secret_wipe(signature, sizeof signature);
    return is_equal;
}

/* Some clients sign the host as it was typed, others (botocore) in lower case. */
bool token_claims_signed_by(const struct token_claims *claims,
                            const struct secret *secret_access_key)
{
    char host[ENDPOINT_HOST_SIZE];
    if (secret_is_empty(secret_access_key) ||
        !text_copy(text_of(claims->host), host, sizeof host)) {
        return false;
    }
    for (size_t i = 0; host[i] != '\0'; i++) {
        host[i] = char_to_lower(host[i]);
    }
    return is_signed_for(claims, claims->host, secret_access_key) ||
           is_signed_for(claims, host, secret_access_key);
}
