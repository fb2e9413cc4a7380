/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The three texts are those of sigv4/.  The time of day has the same length and the same place in
 * all tokens of a day, so signing overwrites it.
 */
#include "token/template.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

enum {
    SECONDS_PER_DAY = 86400,
    DATE_LENGTH = 9,           /* "20240827T" ... */
    TIME_LENGTH = 6,           /* ... "123456" */
    MAX_STRING_TO_SIGN = 1024, /* bytes; region and service are short */
    USUAL_LENGTH = 250         /* of a text without a session token; more costs a little time */
};

static int64_t day_of(int64_t signed_at)
{
    return signed_at / SECONDS_PER_DAY;
}

/* Where the value of X-Amz-Date has its time of day.  An encoded value never contains an '&'. */
static bool find_time(struct text query, size_t *time)
{
    static const char name[] = "X-Amz-Date=";
    size_t start = 0;
    size_t length = 0;
    while (!text_starts_with(text_slice(query, start, query.len), name)) {
        if (!text_find(text_slice(query, start, query.len), '&', &length)) {
            return false;
        }
        start += length + 1;
    }
    *time = start + sizeof name - 1 + DATE_LENGTH;
    return true;
}

static bool fill_token(struct token_template *template, const struct sigv4_presign *presign,
                       struct text query, size_t time)
{
    static const char no_signature[] = "-------------------------------"
                                       "---------------------------------";
    static_assert(sizeof no_signature == SIGV4_HEX_SIZE, "as long as a signature");
    buf_reserve(&template->token, text_of(presign->host).len + query.len + SIGV4_HEX_SIZE + 32);
    buf_add_string(&template->token, presign->host);
    buf_add_string(&template->token, "/?");
    template->token_time = template->token.len + time;
    buf_add_text(&template->token, query);
    buf_add_string(&template->token, "&X-Amz-Signature=");
    buf_add_string(&template->token, no_signature);
    return buf_ok(&template->token);
}

/* The query is in the second line, after the method and the path. */
static bool fill_canonical_request(struct token_template *template,
                                   const struct sigv4_presign *presign, struct text query,
                                   size_t time)
{
    static const char before_query[] = "GET\n/\n";
    buf_reserve(&template->canonical_request, query.len + USUAL_LENGTH);
    template->canonical_time = sizeof before_query - 1 + time;
    return sigv4_presign_canonical_request(presign, query, &template->canonical_request) &&
           text_starts_with(buf_text(&template->canonical_request), before_query);
}

/* The time is in the second line. */
static bool fill_string_to_sign(struct token_template *template, const struct sigv4_scope *scope)
{
    template->string_time = sizeof SIGV4_ALGORITHM + DATE_LENGTH;
    sigv4_string_to_sign_start(scope, &template->string_to_sign);
    return buf_ok(&template->string_to_sign);
}

static bool fill_texts(struct token_template *template, const struct sigv4_presign *presign)
{
    size_t time = 0;
    struct buf query AUTO_BUF;
    buf_init_secret(&query, SIGV4_MAX_TEXT);
    buf_reserve(&query, USUAL_LENGTH);
    buf_reserve(&template->string_to_sign, USUAL_LENGTH);
    return sigv4_presign_query(presign, &query) && find_time(buf_text(&query), &time) &&
           fill_token(template, presign, buf_text(&query), time) &&
           fill_canonical_request(template, presign, buf_text(&query), time) &&
           fill_string_to_sign(template, &presign->scope);
}

bool token_template_fill(struct token_template *template, struct sha256 *hash,
                         const struct sigv4_presign *presign,
                         const struct secret *secret_access_key, int64_t signed_at)
{
    *template = (struct token_template){.day = day_of(signed_at), .signed_at = -1};
    buf_init_secret(&template->canonical_request, SIGV4_MAX_TEXT);
    buf_init_secret(&template->string_to_sign, MAX_STRING_TO_SIGN);
    buf_init_secret(&template->token, TOKEN_MAX_SIZE);
    bool ok = fill_texts(template, presign) &&
              sigv4_signing_key(hash, secret_access_key, &presign->scope, template->key);
    if (!ok) {
        token_template_clear(template);
    }
    return ok;
}

void token_template_clear(struct token_template *template)
{
    buf_clear(&template->canonical_request);
    buf_clear(&template->string_to_sign);
    buf_clear(&template->token);
    secret_wipe(template->key, sizeof template->key);
    *template = (struct token_template){0};
}

bool token_template_covers(const struct token_template *template, int64_t signed_at)
{
    return template->day == day_of(signed_at);
}

/* "123456" */
static void format_time(int64_t signed_at, char out[TIME_LENGTH])
{
    enum { SECONDS_PER_HOUR = 3600, SECONDS_PER_MINUTE = 60 };
    int second = (int)(signed_at % SECONDS_PER_DAY);
    const int parts[] = {second / SECONDS_PER_HOUR, second / SECONDS_PER_MINUTE % 60, second % 60};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        out[2 * i] = (char)('0' + parts[i] / 10);
        out[2 * i + 1] = (char)('0' + parts[i] % 10);
    }
}

static void write_time(struct token_template *template, int64_t signed_at)
{
    char time[TIME_LENGTH];
    format_time(signed_at, time);
    memcpy(template->canonical_request.data + template->canonical_time, time, sizeof time);
    memcpy(template->string_to_sign.data + template->string_time, time, sizeof time);
    memcpy(template->token.data + template->token_time, time, sizeof time);
}

static bool write_signature(struct token_template *template, struct sha256 *hash,
                            char out[SIGV4_HEX_SIZE])
{
    unsigned char digest[SHA256_SIZE];
    char hex[SIGV4_HEX_SIZE];
    size_t start = template->string_to_sign.len;
    if (!sha256_digest(hash, buf_text(&template->canonical_request), digest)) {
        return false;
    }
    text_hex(digest, sizeof digest, hex);
    buf_add(&template->string_to_sign, hex, sizeof hex - 1);
    bool ok = buf_ok(&template->string_to_sign) &&
              sha256_hmac(hash, text_of_bytes(template->key, sizeof template->key),
                          buf_text(&template->string_to_sign), digest);
    buf_truncate(&template->string_to_sign, start);
    if (ok) {
        text_hex(digest, sizeof digest, out);
    }
    secret_wipe(digest, sizeof digest); /* it gives the right to log in */
    return ok;
}

/* Two tokens of the same second are the same. */
char *token_template_sign(struct token_template *template, struct sha256 *hash, int64_t signed_at)
{
    if (template->signed_at != signed_at) {
        size_t signature = template->token.len - (SIGV4_HEX_SIZE - 1);
        template->signed_at = -1;
        write_time(template, signed_at);
        if (!write_signature(template, hash, template->token.data + signature)) {
            return NULL;
        }
        template->signed_at = signed_at;
    }
    return mem_strndup(template->token.data, template->token.len);
}
