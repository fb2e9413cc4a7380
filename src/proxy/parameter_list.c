/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Sessions have a handful of parameters, so a list is searched from its beginning. */
#include "proxy/parameter_list.h"

#include "base/memory.h"

#define HASH_START 1469598103934665603U /* FNV-1a */
#define HASH_PRIME 1099511628211U

static uint64_t hash_text(uint64_t hash, struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * HASH_PRIME;
    }
    return (hash ^ 0xff) * HASH_PRIME;
}

/*
 * Hashes are combined by exclusive or, so that the order does not matter and a parameter can be
 * taken out again.  The last steps make all bits depend on all others.
 */
static uint64_t hash_of(const struct parameter *parameter)
{
    uint64_t hash = hash_text(HASH_START, text_of(parameter->name));
    hash = hash_text(hash, text_of(parameter->value)) + (parameter->is_sql ? 1 : 0);
    hash = (hash ^ hash >> 31) * 0x7fb5d329728ea185U;
    return hash ^ hash >> 27;
}

/* The name of the program changes nothing, and programs have different ones. */
static bool matters_to_statements(const struct parameter *parameter)
{
    return !text_equal_string(text_of(parameter->name), "application_name");
}

static void toggle(struct parameter_list *list, const struct parameter *parameter)
{
    uint64_t hash = hash_of(parameter);
    list->fingerprint ^= hash;
    list->statement_fingerprint ^= matters_to_statements(parameter) ? hash : 0;
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

static bool append(struct parameter_list *list, struct text name, char *value, bool is_sql)
{
    if (list->count >= PARAMETER_LIST_MAX) {
        return false;
    }
    struct parameter *items =
        mem_resize_array(list->items, list->count + 1, sizeof(struct parameter));
    char *copy = items == NULL ? NULL : lower_copy(name);
    list->items = items == NULL ? list->items : items;
    if (copy == NULL) {
        return false;
    }
    items[list->count] = (struct parameter){.name = copy, .value = value, .is_sql = is_sql};
    toggle(list, &items[list->count]);
    list->count++;
    return true;
}

bool parameter_list_set(struct parameter_list *list, struct text name, struct text value,
                        bool is_sql)
{
    struct parameter *found = find(list, name);
    if (found != NULL && found->is_sql == is_sql && text_equal(text_of(found->value), value)) {
        return true;
    }
    char *copy = text_dup(value);
    if (copy == NULL) {
        return false;
    }
    if (found == NULL) {
        bool is_added = append(list, name, copy, is_sql);
        if (!is_added) {
            mem_free(copy);
        }
        return is_added;
    }
    toggle(list, found);
    mem_free(found->value);
    found->value = copy;
    found->is_sql = is_sql;
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
    mem_free(found->name);
    mem_free(found->value);
    list->count--;
    *found = list->items[list->count];
}

void parameter_list_clear(struct parameter_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->items[i].name);
        mem_free(list->items[i].value);
    }
    mem_free(list->items);
    *list = (struct parameter_list){0};
}

bool parameter_list_copy(struct parameter_list *to, const struct parameter_list *from)
{
    *to = (struct parameter_list){0};
    for (size_t i = 0; i < from->count; i++) {
        const struct parameter *it = &from->items[i];
        if (!parameter_list_set(to, text_of(it->name), text_of(it->value), it->is_sql)) {
            parameter_list_clear(to);
            return false;
        }
    }
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
