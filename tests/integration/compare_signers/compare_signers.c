/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads tokens that another signer made, one a line, with what they were made from:
 * TOKEN HOST REGION ACTION KEY SECRET SESSION SECONDS, separated by tabs.  Each must be
 * accepted, refused under another key, and be what we would have made that second.
 */
#include "base/buf.h"
#include "token/token.h"
#include "token/verify.h"

#include <stdio.h>
#include <string.h>

enum { FIELD_COUNT = 8, MAX_LINE = 1 << 17 };

struct sample {
    struct text token;
    struct endpoint endpoint;
    enum token_action action;
    struct dsql_credentials credentials;
    int64_t seconds;
};

static bool set(struct secret *secret, struct text text)
{
    return secret_set(secret, text.data, text.len);
}

static bool read_sample(struct text line, struct sample *sample)
{
    struct text fields[FIELD_COUNT];
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        text_cut(line, '\t', &fields[i], &line);
    }
    sample->token = fields[0];
    sample->action =
        text_equal_string(fields[3], "DbConnectAdmin") ? TOKEN_CONNECT_ADMIN : TOKEN_CONNECT;
    return text_copy(fields[1], sample->endpoint.host, sizeof sample->endpoint.host) &&
           text_copy(fields[2], sample->endpoint.region, sizeof sample->endpoint.region) &&
           set(&sample->credentials.access_key_id, fields[4]) &&
           set(&sample->credentials.secret_access_key, fields[5]) &&
           set(&sample->credentials.session_token, fields[6]) &&
           text_to_int64(fields[7], 1, SETTINGS_MAX_TOKEN_SECONDS, &sample->seconds);
}

static bool is_refused_under_another_key(const struct token_claims *claims)
{
    struct secret other = {0};
    bool is_set = secret_set_string(&other, "another secret");
    bool is_refused = is_set && !token_claims_signed_by(claims, &other);
    secret_clear(&other);
    return is_refused;
}

/* The order of the parameters is free, so compare what is signed and the signature. */
static bool is_what_we_make(const struct sample *sample, const struct token_claims *claims)
{
    const struct token_request request = {
        .endpoint = &sample->endpoint,
        .action = sample->action,
        .seconds = (int)sample->seconds,
        .now = claims->signed_at,
    };
    char *token = NULL;
    struct token_claims own;
    int64_t expires_at = 0;
    if (token_make(&request, &sample->credentials, &token, &expires_at, NULL) != DSQL_OK) {
        return false;
    }
    bool is_parsed = token_claims_parse(text_of(token), &own, NULL);
    bool is_same = is_parsed && strcmp(own.signature, claims->signature) == 0 &&
                   strlen(token) == sample->token.len && expires_at == claims->expires_at;
    token_claims_clear(&own);
    secret_free_string(token);
    return is_same;
}

static const char *check_claims(const struct sample *sample, const struct token_claims *claims)
{
    if (!token_claims_signed_by(claims, &sample->credentials.secret_access_key)) {
        return "the signature does not verify";
    }
    if (!is_refused_under_another_key(claims)) {
        return "it is accepted under another key";
    }
    return is_what_we_make(sample, claims) ? NULL : "we make another one";
}

/* NULL when all is well. */
static const char *check_line(struct text line)
{
    struct sample sample = {0};
    struct token_claims claims;
    const char *why = "the line is malformed";
    if (read_sample(line, &sample) && token_claims_parse(sample.token, &claims, &why)) {
        why = check_claims(&sample, &claims);
        token_claims_clear(&claims);
    }
    credentials_clear(&sample.credentials);
    return why;
}

int main(void)
{
    static char line[MAX_LINE];
    int count = 0;
    int failures = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        const char *why = check_line(text_trim_end(text_of(line)));
        count++;
        if (why != NULL) {
            printf("line %d: %s\n", count, why);
            failures++;
        }
    }
    printf("%d tokens compared, %d differ\n", count, failures);
    return count == 0 || failures > 0;
}
