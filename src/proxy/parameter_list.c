/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Sessions have a handful of parameters, so a list is searched from its beginning. */
#include "proxy/parameter_list.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/sha256.h"

enum { HASHED_MAX = 1024 * 1024 }; /* bytes of a name and a value; statements are shorter */

/* Made when it is needed first.  False: the kernel gives none. */
static bool get_key(struct text *out)
{
    static _Thread_local unsigned char key[SHA256_SIZE];
    static _Thread_local bool is_made;
    is_made = is_made || random_bytes(key, sizeof key);
    *out = text_of_bytes(key, sizeof key);
    return is_made;
}

/*
 * The key comes first, and most of the digest is dropped, so nothing can be appended to what was
 * hashed (an HMAC costs three times as much, with each login).  False: no memory.
 */
static bool set_hash(struct parameter *parameter)
{
    struct sha256 sha256 AUTO_SHA256;
    struct buf all AUTO_BUF;
    struct text key;
    unsigned char digest[SHA256_SIZE] = {0};
    buf_init_secret(&all, HASHED_MAX);
    bool is_fine = sha256_init(&sha256) && get_key(&key);
    if (is_fine) {
        buf_add_text(&all, key);
        buf_add_string(&all, parameter->name);
        buf_add_char(&all, parameter->is_sql ? '=' : '\0'); /* neither is in a name */
        buf_add_string(&all, parameter->value);
        is_fine = buf_ok(&all) && sha256_digest(&sha256, buf_text(&all), digest);
    }
    memcpy(&parameter->hash, digest, sizeof parameter->hash);
    return is_fine;
}

/* The name of the program changes nothing, and programs have different ones. */
static bool matters_to_statements(const struct parameter *parameter)
{
    return !text_equal_string(text_of(parameter->name), "application_name");
}

/*
 * Hashes are combined by exclusive or, so that the order does not matter and a parameter can be
 * taken out again.
 */
static void toggle(struct parameter_list *list, const struct parameter *parameter)
{
    list->fingerprint ^= parameter->hash;
    list->statement_fingerprint ^= matters_to_statements(parameter) ? parameter->hash : 0;
}

static struct parameter *find(const struct parameter_list *list, struct text name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_equal_nocase(text_of(list->items[i].name), name)) {
            return &list->items[i];
        }
    }
    return NULL;
}

const struct parameter *parameter_list_find(const struct parameter_list *list, struct text name)
{
    return find(list, name);
}

static char *lower_copy(struct text name)
{
    char *copy = text_dup(name);
    for (size_t i = 0; copy != NULL && i < name.len; i++) {
        copy[i] = char_to_lower(copy[i]);
    }
    return copy;
}

static void free_parameter(struct parameter *parameter)
{
    mem_free(parameter->name);
    mem_free(parameter->value);
}

static bool make_parameter(struct parameter *made, struct text name, struct text value, bool is_sql)
{
    *made =
        (struct parameter){.name = lower_copy(name), .value = text_dup(value), .is_sql = is_sql};
    if (made->name != NULL && made->value != NULL && set_hash(made)) {
        return true;
    }
    free_parameter(made);
    return false;
}

/* Room for one more; NULL: too many, or no memory. */
static struct parameter *append(struct parameter_list *list)
{
    if (list->count >= PARAMETER_LIST_MAX) {
        return NULL;
    }
    struct parameter *items =
        mem_resize_array(list->items, list->count + 1, sizeof(struct parameter));
    if (items == NULL) {
        return NULL;
    }
    list->items = items;
    return &items[list->count++];
}

bool parameter_list_set(struct parameter_list *list, struct text name, struct text value,
                        bool is_sql)
{
    struct parameter made;
    struct parameter *found = find(list, name);
    if (found != NULL && found->is_sql == is_sql && text_equal(text_of(found->value), value)) {
        return true;
    }
    if (!make_parameter(&made, name, value, is_sql)) {
        return false;
    }
    if (found != NULL) {
        toggle(list, found);
        free_parameter(found);
    } else {
        found = append(list);
    }
    if (found == NULL) {
        free_parameter(&made);
        return false;
    }
    *found = made;
    toggle(list, found);
    return true;
}

void parameter_list_remove(struct parameter_list *list, struct text name)
{
    struct parameter *found = find(list, name);
    if (found == NULL) {
        return;
    }
    toggle(list, found);
    free_parameter(found);
    list->count--;
    *found = list->items[list->count];
}

void parameter_list_clear(struct parameter_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free_parameter(&list->items[i]);
    }
    mem_free(list->items);
    *list = (struct parameter_list){0};
}

bool parameter_list_copy(struct parameter_list *to, const struct parameter_list *from)
{
    *to = (struct parameter_list){0};
    for (size_t i = 0; i < from->count; i++) {
        const struct parameter *it = &from->items[i];
        struct parameter *added = append(to);
        if (added == NULL) {
            parameter_list_clear(to);
            return false;
        }
        *added = *it;
        added->name = mem_strdup(it->name);
        added->value = mem_strdup(it->value);
        if (added->name == NULL || added->value == NULL) {
            parameter_list_clear(to);
            return false;
        }
    }
    to->fingerprint = from->fingerprint;
    to->statement_fingerprint = from->statement_fingerprint;
    return true;
}

bool parameter_list_agree(const struct parameter_list *a, const struct parameter_list *b,
                          struct text name)
{
    const struct parameter *in_a = find(a, name);
    const struct parameter *in_b = find(b, name);
    if (in_a == NULL || in_b == NULL) {
        return in_a == in_b;
    }
    return in_a->is_sql == in_b->is_sql && text_equal(text_of(in_a->value), text_of(in_b->value));
}
