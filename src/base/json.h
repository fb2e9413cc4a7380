/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as services and caches send it: parsed by jansson within bounds, read by name.
 * What was parsed may be secret, and is wiped before it is freed.
 *
 * No name here may be one of jansson's (json_string, json_object...): a program that
 * defines it would replace the function inside the shared library.
 */
#ifndef DSQL_BASE_JSON_H
#define DSQL_BASE_JSON_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/** An object; opaque. */
struct json;

enum { JSON_MAX_SIZE = 256 * 1024 };

/**
 * RFC 8259, an object at the top, no name twice, no NUL, nothing after it, at most
 * JSON_MAX_SIZE bytes.  NULL: not that, or no memory.
 */
struct json *json_parse(struct text bytes) __attribute__((warn_unused_result));

/** An empty object, to be filled. */
struct json *json_new(void) __attribute__((warn_unused_result));

/** Wipes, frees; NULL does nothing. */
void json_free(struct json *json);
void json_free_at(struct json **json);
#define AUTO_JSON __attribute__((cleanup(json_free_at)))

/** NULL: no such name, or no string, or one with a NUL in it.  Owned by the object. */
const char *json_get_string(const struct json *json, const char *name);
/** The same whatever the case of the name (ASCII). */
const char *json_get_string_nocase(const struct json *json, const char *name);
/** Is there something that json_get_string_nocase() would not give?  A null is nothing. */
bool json_has_other_nocase(const struct json *json, const char *name);
/** A whole number; false: no such name, or something else. */
bool json_get_integer(const struct json *json, const char *name, int64_t *out);
/** An object inside; owned by the outer one, not to be freed.  NULL: none. */
const struct json *json_get_object(const struct json *json, const char *name);

/** Replaces or adds.  False: out of memory, or no UTF-8. */
bool json_set_string(struct json *json, const char *name, const char *value)
    __attribute__((warn_unused_result));
bool json_set_integer(struct json *json, const char *name, int64_t value)
    __attribute__((warn_unused_result));
/** Wipes and removes the field; does nothing if it is missing. */
void json_remove(struct json *json, const char *name);
/** The object inside, made when missing; NULL: no memory, or something else has that name. */
struct json *json_set_object(struct json *json, const char *name)
    __attribute__((warn_unused_result));

/** Appends it as text; give a secret buffer. */
bool json_write(const struct json *json, struct buf *out) __attribute__((warn_unused_result));

#endif
