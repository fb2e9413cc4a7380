/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A struct json is a json_t of jansson under another name.  jansson's
 * scanner gives a working copy of what it reads back to the allocator unwiped; to replace
 * its allocator would change it for the whole program, which a library must not do.
 */
#include "base/json.h"

#include "base/secret.h"

#include <jansson.h>

#include <string.h>

/* Doubles hold every whole number up to here. */
#define EXACT_LIMIT 9007199254740992.0

/* For what is ours in truth: jansson gives and takes its own with const and without. */
static void *without_const(const void *pointer)
{
    const union {
        const void *with;
        void *without;
    } both = {.with = pointer};
    return both.without;
}

static json_t *of(const struct json *json)
{
    return without_const(json);
}

/* Duplicate names are refused: another reader might take the other value (RFC 8259, section 4). */
struct json *json_parse(struct text bytes)
{
    json_error_t where; /* not passed on: it quotes what was read */
    if (text_is_empty(bytes) || bytes.len > JSON_MAX_SIZE) {
        return NULL;
    }
    json_t *root = json_loadb(bytes.data, bytes.len, JSON_REJECT_DUPLICATES, &where);
    secret_wipe(&where, sizeof where);
    if (root != NULL && !json_is_object(root)) {
        json_free((struct json *)root);
        return NULL;
    }
    return (struct json *)root;
}

struct json *json_new(void)
{
    return (struct json *)json_object();
}

/* As deep as jansson parses, which is JSON_PARSER_MAX_DEPTH, 2048. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as jansson parses */
static void wipe(json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;
    if (json_is_string(value)) {
        secret_wipe(without_const(json_string_value(value)), json_string_length(value));
    } else if (json_is_object(value)) {
        json_object_foreach(value, name, member)
        {
            wipe(member);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member)
        {
            wipe(member);
        }
    }
}

/* Strings are wiped in place before jansson frees them. */
void json_free(struct json *json)
{
    if (json != NULL) {
        wipe(of(json));
        json_decref(of(json));
    }
}

void json_free_at(struct json **json)
{
    json_free(*json);
}

/* A string with a NUL inside would be cut by its reader, so it counts as missing. */
static const char *string_of(const json_t *value)
{
    const char *string = json_string_value(value);
    return string != NULL && strlen(string) == json_string_length(value) ? string : NULL;
}

const char *json_get_string(const struct json *json, const char *name)
{
    return string_of(json_object_get(of(json), name));
}

static const json_t *find_nocase(const struct json *json, const char *name)
{
    const char *candidate;
    json_t *value;
    json_object_foreach(of(json), candidate, value)
    {
        if (text_equal_nocase(text_of(candidate), text_of(name))) {
            return value;
        }
    }
    return NULL;
}

const char *json_get_string_nocase(const struct json *json, const char *name)
{
    return string_of(find_nocase(json, name));
}

bool json_has_other_nocase(const struct json *json, const char *name)
{
    const json_t *value = find_nocase(json, name);
    return value != NULL && !json_is_null(value) && string_of(value) == NULL;
}

bool json_get_integer(const struct json *json, const char *name, int64_t *out)
{
    const json_t *value = json_object_get(of(json), name);
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    /* Some services write 1.7e12 for a time. */
    double real = json_real_value(value);
    if (!json_is_real(value) || real < -EXACT_LIMIT || real > EXACT_LIMIT ||
        real != (double)(int64_t)real) {
        return false;
    }
    *out = (int64_t)real;
    return true;
}

const struct json *json_get_object(const struct json *json, const char *name)
{
    json_t *value = json_object_get(of(json), name);
    return json_is_object(value) ? (const struct json *)value : NULL;
}

/* Takes value over, also when it fails. */
static bool set(struct json *json, const char *name, json_t *value)
{
    wipe(json_object_get(of(json), name));
    return json_object_set_new(of(json), name, value) == 0;
}

bool json_set_string(struct json *json, const char *name, const char *value)
{
    json_t *string = json_string(value);
    return string != NULL && set(json, name, string);
}

bool json_set_integer(struct json *json, const char *name, int64_t value)
{
    json_t *integer = json_integer(value);
    return integer != NULL && set(json, name, integer);
}

void json_remove(struct json *json, const char *name)
{
    wipe(json_object_get(of(json), name));
    json_object_del(of(json), name);
}

/* An existing member keeps its other fields, which another program may need. */
struct json *json_set_object(struct json *json, const char *name)
{
    json_t *member = json_object_get(of(json), name);
    if (member == NULL && json_object_set_new(of(json), name, json_object()) == 0) {
        member = json_object_get(of(json), name);
    }
    return json_is_object(member) ? (struct json *)member : NULL;
}

static int add_bytes(const char *bytes, size_t len, void *out)
{
    buf_add(out, bytes, len);
    return buf_ok(out) ? 0 : -1;
}

/* jansson stops as soon as the buffer is broken. */
bool json_write(const struct json *json, struct buf *out)
{
    return json_dump_callback(of(json), add_bytes, out, JSON_COMPACT) == 0;
}
