/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_cache.h"

#include "base/memory.h"
#include "base/reader.h"
#include "proxy/statement_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_BUCKETS = 64 };

#define HASH_START 1469598103934665603U /* FNV-1a */
#define HASH_PRIME 1099511628211U

void statement_cache_init(struct statement_cache *cache, size_t max_bytes, uint64_t secret)
{
    *cache = (struct statement_cache){.max_bytes = max_bytes};
    (void)snprintf(cache->prefix, sizeof cache->prefix, "dsql_%016" PRIx64 "_", secret);
}

void statement_cache_clear(struct statement_cache *cache)
{
    mem_free(cache->buckets);
    cache->buckets = NULL;
    cache->bucket_count = 0;
}

/* Eight bytes at a time: a text is hashed with each Parse.  Texts are compared afterwards. */
static uint64_t hash_of(struct text body, uint64_t settings)
{
    uint64_t hash = HASH_START ^ settings;
    size_t at = 0;
    for (; at + sizeof hash <= body.len; at += sizeof hash) {
        uint64_t part;
        memcpy(&part, body.data + at, sizeof part);
        hash = (hash ^ part) * HASH_PRIME;
        hash ^= hash >> 29;
    }
    for (; at < body.len; at++) {
        hash = (hash ^ (unsigned char)body.data[at]) * HASH_PRIME;
    }
    return hash ^ hash >> 32;
}

static struct statement **bucket(const struct statement_cache *cache, uint64_t hash)
{
    return &cache->buckets[hash & (cache->bucket_count - 1)];
}

/* Twice as many buckets.  Without memory for them, the lists only become longer. */
static bool grow(struct statement_cache *cache)
{
    size_t count = cache->bucket_count == 0 ? FIRST_BUCKETS : cache->bucket_count * 2;
    struct statement **buckets = mem_new_array(count, sizeof(struct statement *));
    if (buckets == NULL) {
        return cache->bucket_count > 0;
    }
    struct statement_cache old = *cache;
    cache->buckets = buckets;
    cache->bucket_count = count;
    for (size_t i = 0; i < old.bucket_count; i++) {
        while (old.buckets[i] != NULL) {
            struct statement *statement = old.buckets[i];
            old.buckets[i] = statement->next;
            statement->next = *bucket(cache, statement->hash);
            *bucket(cache, statement->hash) = statement;
        }
    }
    mem_free(old.buckets);
    return true;
}

static struct statement *new_statement(struct statement_cache *cache, struct text body)
{
    struct statement *statement = mem_new(sizeof *statement + body.len);
    if (statement != NULL) {
        statement->cache = cache;
        statement->references = 1;
        statement->number = ++cache->next_number;
        (void)snprintf(statement->name, sizeof statement->name, "%s%" PRIu64, cache->prefix,
                       statement->number);
        statement->len = body.len;
        if (body.len > 0) {
            memcpy(statement->parse, body.data, body.len);
        }
        cache->bytes += sizeof *statement + body.len;
    }
    return statement;
}

static void read_text(struct statement *statement, const struct lexer_rules *rules)
{
    struct text text = text_of_bytes(statement->parse, statement->len);
    size_t len = 0;
    (void)text_find(text, '\0', &len);
    struct statement_reader reader;
    statement_reader_init(&reader, rules);
    statement_reader_add(&reader, text_slice(text, 0, len));
    statement->summary = statement_reader_end(&reader);
}

static struct statement *find(const struct statement_cache *cache, uint64_t hash, struct text body,
                              uint64_t settings)
{
    if (cache->bucket_count == 0) {
        return NULL;
    }
    for (struct statement *it = *bucket(cache, hash); it != NULL; it = it->next) {
        if (it->hash == hash && it->settings == settings &&
            text_equal(text_of_bytes(it->parse, it->len), body)) {
            return it;
        }
    }
    return NULL;
}

struct statement *statement_cache_get(struct statement_cache *cache, struct text body,
                                      uint64_t settings, const struct lexer_rules *rules)
{
    uint64_t hash = hash_of(body, settings);
    struct statement *statement = find(cache, hash, body, settings);
    if (statement != NULL) {
        return statement_ref(statement);
    }
    if (body.len > cache->max_bytes || cache->bytes > cache->max_bytes - body.len ||
        (cache->count >= cache->bucket_count && !grow(cache))) {
        return NULL;
    }
    statement = new_statement(cache, body);
    if (statement != NULL) {
        statement->hash = hash;
        statement->settings = settings;
        statement->is_listed = true;
        statement->next = *bucket(cache, hash);
        *bucket(cache, hash) = statement;
        cache->count++;
        read_text(statement, rules);
    }
    return statement;
}

struct statement *statement_new_opaque(struct statement_cache *cache)
{
    struct statement *statement = new_statement(cache, text_of(""));
    if (statement != NULL) {
        statement->is_opaque = true;
        statement->summary.is_unclear = true;
    }
    return statement;
}

/* The manual, "Message Formats", Parse: String, Int16, and as many Int32. */
bool statement_body_is_valid(struct text body)
{
    struct reader reader;
    reader_init(&reader, body);
    (void)reader_cstring(&reader);
    size_t types = reader_u16(&reader);
    return reader_ok(&reader) && reader_left(&reader) == types * sizeof(uint32_t);
}

struct statement *statement_ref(struct statement *statement)
{
    if (statement != NULL) {
        statement->references++;
    }
    return statement;
}

void statement_retire(struct statement *statement)
{
    if (!statement->is_listed) {
        return;
    }
    struct statement **link = bucket(statement->cache, statement->hash);
    while (*link != statement) {
        link = &(*link)->next;
    }
    *link = statement->next;
    statement->next = NULL;
    statement->is_listed = false;
    statement->cache->count--;
}

void statement_unref(struct statement *statement)
{
    if (statement == NULL || --statement->references > 0) {
        return;
    }
    statement_retire(statement);
    statement->cache->bytes -= sizeof *statement + statement->len;
    statement_effects_free(statement->summary.effects);
    mem_free(statement);
}

void statement_decoy_name(const struct statement_cache *cache, size_t i,
                          char out[STATEMENT_SERVER_NAME_SIZE])
{
    (void)snprintf(out, STATEMENT_SERVER_NAME_SIZE, "%sd%zu", cache->prefix, i);
}

bool statement_cache_owns_name(const struct statement_cache *cache, struct text name)
{
    return text_starts_with(name, cache->prefix);
}
