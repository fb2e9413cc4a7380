/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A table has the words, so that the list in the error for an unknown one is complete.  Errors name
 * the word and not its value: somebody may write a password where none belongs.
 */
#include "cli/proxy_target.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/percent.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

enum { PORT_MAX = 65535, SERVERS_MAX = 10000, TOKEN_SECONDS_MAX = 604800 };

/* Either a string or a number: max is 0 for a string. */
struct word {
    const char *name;
    size_t offset;
    int min;
    int max;
};

#define STRING(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct proxy_target, name), 0, 0                                           \
    }
#define NUMBER(name, min, max)                                                                     \
    {                                                                                              \
#name, offsetof(struct proxy_target, name), min, max                                       \
    }

static const struct word words[] = {
    NUMBER(port, 0, PORT_MAX),
    STRING(user),
    STRING(dbname),
    STRING(profile),
    STRING(region),
    NUMBER(server_port, 1, PORT_MAX),
    STRING(hostaddr),
    STRING(sslrootcert),
    STRING(password_file),
    NUMBER(max_servers, 1, SERVERS_MAX),
    NUMBER(min_idle, 0, SERVERS_MAX),
    NUMBER(token_seconds, 1, TOKEN_SECONDS_MAX),
};

enum { WORD_COUNT = sizeof words / sizeof words[0] };

static char **string_at(struct proxy_target *target, const struct word *word)
{
    return (char **)(void *)((char *)target + word->offset);
}

static int *number_at(struct proxy_target *target, const struct word *word)
{
    return (int *)(void *)((char *)target + word->offset);
}

void proxy_target_clear(struct proxy_target *target)
{
    mem_free(target->host);
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (words[i].max == 0) {
            mem_free(*string_at(target, &words[i]));
        }
    }
    *target = (struct proxy_target){.host = NULL};
}

static const struct word *find_word(struct text name)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (text_equal_string(name, words[i].name)) {
            return &words[i];
        }
    }
    return NULL;
}

static dsql_status fail_unknown(const struct proxy_target *target, struct text name,
                                dsql_error *err)
{
    struct buf known AUTO_BUF;
    buf_init(&known, PROXY_TARGET_TEXT_MAX);
    for (size_t i = 0; i < WORD_COUNT; i++) {
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", words[i].name);
    }
    return fail(err, DSQL_ERR_USAGE, "cluster \"%s\": unknown word \"%.*s\". Use one of %s",
                target->host, (int)text_slice(name, 0, 40).len, name.data,
                buf_ok(&known) ? known.data : "");
}

static dsql_status fail_value(const struct proxy_target *target, const struct word *word,
                              const char *what, dsql_error *err)
{
    return fail(err, DSQL_ERR_USAGE, "cluster \"%s\": \"%s\" %s", target->host, word->name, what);
}

static dsql_status set_number(struct proxy_target *target, const struct word *word,
                              struct text value, dsql_error *err)
{
    int64_t number = 0;
    if (!text_to_int64(value, word->min, word->max, &number)) {
        return fail(err, DSQL_ERR_USAGE,
                    "cluster \"%s\": \"%s\" must be a whole number from %d to %d", target->host,
                    word->name, word->min, word->max);
    }
    bool is_zero = number == 0;
    *number_at(target, word) = is_zero ? PROXY_TARGET_ZERO : (int)number;
    return DSQL_OK;
}

static bool is_numeric_address(const char *address)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1;
}

static dsql_status set_string(struct proxy_target *target, const struct word *word,
                              struct text value, dsql_error *err)
{
    char *copy = text_dup(value);
    if (copy == NULL) {
        return fail_nomem(err);
    }
    *string_at(target, word) = copy;
    for (size_t i = 0; i < value.len; i++) {
        if (char_is_control(value.data[i])) {
            return fail_value(target, word, "must not contain control characters", err);
        }
    }
    if (copy == target->hostaddr && !is_numeric_address(copy)) {
        return fail_value(target, word, "must be a numeric IP address", err);
    }
    return DSQL_OK;
}

/* A word that is given twice is a mistake: which of the two was meant? */
static bool is_set(struct proxy_target *target, const struct word *word)
{
    return word->max == 0 ? *string_at(target, word) != NULL : *number_at(target, word) != 0;
}

static dsql_status set_word(struct proxy_target *target, struct text pair, dsql_error *err)
{
    struct text name;
    struct text encoded;
    struct buf value AUTO_BUF;
    buf_init(&value, PROXY_TARGET_TEXT_MAX);
    text_cut(pair, '=', &name, &encoded);
    const struct word *word = find_word(name);
    if (word == NULL) {
        return fail_unknown(target, name, err);
    }
    if (is_set(target, word)) {
        return fail_value(target, word, "is given twice", err);
    }
    if (!percent_decode(&value, encoded)) {
        return fail_value(target, word, "has an invalid percent-encoding", err);
    }
    if (!buf_ok(&value)) {
        return fail_nomem(err);
    }
    if (value.len == 0) {
        return fail_value(target, word, "needs a value, as in \"port=5433\"", err);
    }
    return word->max == 0 ? set_string(target, word, buf_text(&value), err)
                          : set_number(target, word, buf_text(&value), err);
}

/* Letters, digits and what else may be in a host name or an address. */
static bool is_host(struct text host)
{
    for (size_t i = 0; i < host.len; i++) {
        size_t place = 0;
        if (!char_is_alnum(host.data[i]) && !text_find(text_of("-._:"), host.data[i], &place)) {
            return false;
        }
    }
    return host.len > 0;
}

dsql_status proxy_target_parse(struct text text, struct proxy_target *out, dsql_error *err)
{
    struct text host;
    struct text rest;
    *out = (struct proxy_target){.host = NULL};
    bool has_words = text_cut(text, '?', &host, &rest);
    /* Without the text: it may be a URL with a password. */
    if (text.len > PROXY_TARGET_TEXT_MAX || !is_host(host)) {
        return fail(err, DSQL_ERR_USAGE,
                    "invalid cluster: it must be an endpoint, a cluster id or a host name, and may "
                    "have settings after '?', as in 'HOST?port=5433&user=app'");
    }
    out->host = text_dup(host);
    dsql_status status = out->host == NULL ? fail_nomem(err) : DSQL_OK;
    while (status == DSQL_OK && has_words) {
        struct text pair;
        has_words = text_cut(rest, '&', &pair, &rest);
        status = set_word(out, pair, err);
    }
    return status;
}
