/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A list that owns copies of its texts, in the order in which they were added.  The search is
 * linear: a connection string has a few keywords.
 */
#include "config/pairs.h"

#include "base/memory.h"
#include "base/secret.h"

#include <string.h>

static struct pq_pair *find(const struct pair_list *list, struct text keyword)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_equal_string(keyword, list->items[i].keyword)) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* Takes ownership of both strings, also when it fails.  NULL means that a copy failed. */
static bool append(struct pair_list *list, char *keyword, char *value)
{
    struct pq_pair *items = mem_resize_array(list->items, list->count + 1, sizeof *items);
    if (items != NULL) {
        list->items = items;
    }
    if (items == NULL || keyword == NULL || value == NULL) {
        mem_free(keyword);
        secret_free_string(value);
        return false;
    }
    items[list->count] = (struct pq_pair){.keyword = keyword, .value = value};
    list->count++;
    return true;
}

/* The copy is made first, so that the old value stays if memory is short. */
bool pairs_set(struct pair_list *list, struct text keyword, struct text value)
{
    struct pq_pair *old = find(list, keyword);
    if (old == NULL) {
        return append(list, text_dup(keyword), text_dup(value));
    }
    char *copy = text_dup(value);
    if (copy == NULL) {
        return false;
    }
    secret_free_string(old->value);
    old->value = copy;
    return true;
}

const char *pairs_get(const struct pair_list *list, const char *keyword)
{
    const struct pq_pair *pair = find(list, text_of(keyword));
    return pair == NULL ? NULL : pair->value;
}

void pairs_clear(struct pair_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->items[i].keyword);
        secret_free_string(list->items[i].value);
    }
    mem_free(list->items);
    *list = (struct pair_list){0};
}
