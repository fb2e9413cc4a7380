/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The prepared statements of all clients of a pool, each text once.  Two clients that prepare the
 * same text with the same parameter types share a statement, and so one name on the servers.  The
 * settings of the client are a part of the key: a literal such as timestamptz '2026-01-01' is read
 * with the time zone of the session that prepares it, and search_path decides what a table is.
 *
 * Statements are counted references.  One thread.
 */
#ifndef DSQL_PROXY_STATEMENT_CACHE_H
#define DSQL_PROXY_STATEMENT_CACHE_H

#include "base/buf.h"
#include "proxy/statement_kind.h"
#include "sql/lexer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STATEMENT_TEXT_MAX = 1024 * 1024, /* bytes: a longer one is not kept */
    STATEMENT_SERVER_NAME_SIZE = 48   /* with the NUL */
};

struct statement_cache;

struct statement {
    struct statement_cache *cache;
    struct statement *next; /* in its bucket */
    size_t references;
    uint64_t hash;
    uint64_t settings;
    uint64_t number;
    char name[STATEMENT_SERVER_NAME_SIZE]; /* on every server connection */
    struct statement_summary summary;
    bool is_listed; /* a new Parse with this text finds it */
    bool is_opaque; /* its text was too long: it cannot be prepared again */
    size_t len;
    char parse[]; /* the body of Parse after the name: the text, its NUL, the types */
};

struct statement_cache {
    char prefix[STATEMENT_SERVER_NAME_SIZE / 2]; /* of the names on the servers */
    struct statement **buckets;                  /* as many as a power of two */
    size_t bucket_count;
    size_t count;
    size_t bytes;
    size_t max_bytes; /* of all statements */
    uint64_t next_number;
};

/** secret: random, so that no other session on the servers uses the same names. */
void statement_cache_init(struct statement_cache *cache, size_t max_bytes, uint64_t secret);
/** No reference may be left. */
void statement_cache_clear(struct statement_cache *cache);

/**
 * The statement with this text and these types (the body of a Parse after its name), with a
 * reference for the caller.  settings: a hash of the client's parameters.  NULL: no memory, or more
 * than max_bytes.  The body must be well-formed: see statement_body_is_valid().
 */
struct statement *statement_cache_get(struct statement_cache *cache, struct text body,
                                      uint64_t settings, const struct lexer_rules *rules);

/** A statement whose text is not kept.  The caller sets its summary when it has seen the text. */
struct statement *statement_new_opaque(struct statement_cache *cache);

/** A text with its NUL, and types. */
bool statement_body_is_valid(struct text body);

struct statement *statement_ref(struct statement *statement);
/** NULL does nothing. */
void statement_unref(struct statement *statement);

/**
 * The server refuses to run it because its result has other columns than when it was prepared.  A
 * Parse with the same text makes another statement from now on, as the client intends that sends
 * it.
 */
void statement_retire(struct statement *statement);

/** The name of an empty statement that is there to be deallocated, the i-th of a text. */
void statement_decoy_name(const struct statement_cache *cache, size_t i,
                          char out[STATEMENT_SERVER_NAME_SIZE]);

/** Whether a client's name could be one of these. */
bool statement_cache_owns_name(const struct statement_cache *cache, struct text name);

#endif
