/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* v is the last column of each table. */
const struct table tables[TABLES] = {
    [ITEM] = {.id = ITEM,
              .name = "item",
              .column_count = 6,
              .columns = {"id", "u", "w", "p", "e", "v"},
              .has_primary_key = true,
              .unique_count = 4,
              .unique = {{1, EACH}, {2, EACH}, {3, EVEN_ONLY}, {4, HALF}}},
    [LOOSE] = {.id = LOOSE,
               .name = "loose",
               .column_count = 4,
               .columns = {"k", "n", "b", "v"},
               .identity = 2,
               .unique_count = 1,
               .unique = {{0, EACH}}},
    [BAG] =
        {.id = BAG, .name = "bag", .column_count = 3, .columns = {"n", "b", "v"}, .identity = 1},
    [PARENT] = {.id = PARENT,
                .name = "parent",
                .column_count = 2,
                .columns = {"id", "v"},
                .has_primary_key = true},
    [CHILD] = {.id = CHILD,
               .name = "child",
               .column_count = 3,
               .columns = {"id", "parent", "v"},
               .has_primary_key = true,
               .foreign_count = 1,
               .foreign = {{1, PARENT, 0, true}}},
    [LEAF] = {.id = LEAF,
              .name = "leaf",
              .column_count = 4,
              .columns = {"id", "child", "loose", "v"},
              .has_primary_key = true,
              .foreign_count = 2,
              .foreign = {{1, CHILD, 0, true}, {2, LOOSE, 0, false}}},
    [RANGE] = {.id = RANGE,
               .name = "range",
               .column_count = 2,
               .columns = {"k", "v"},
               .has_primary_key = true},
};

const struct table *table_find(const char *name)
{
    for (int i = 0; i < TABLES; i++) {
        if (strcmp(tables[i].name, name) == 0) {
            return &tables[i];
        }
    }
    return NULL;
}

int table_column(const struct table *table, const char *name)
{
    for (int i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i], name) == 0) {
            return i;
        }
    }
    return NO_COLUMN;
}

int64_t table_key_value(const struct unique_key *key, const struct row *row)
{
    int64_t value = row->value[key->column];
    if (value == NULL_VALUE || (key->rule == EVEN_ONLY && value % 2 != 0)) {
        return NULL_VALUE;
    }
    return key->rule == HALF ? value / 2 : value;
}

bool table_key_changes(const struct table *table, const struct row *old, const struct row *new)
{
    bool changes =
        table->has_primary_key && old->value[table->identity] != new->value[table->identity];
    for (int i = 0; i < table->unique_count; i++) {
        const struct unique_key *key = &table->unique[i];
        changes =
            changes || (key->rule == EACH && old->value[key->column] != new->value[key->column]);
    }
    return changes;
}

bool row_is_same(const struct table *table, const struct row *a, const struct row *b)
{
    return a->is_there == b->is_there &&
           (!a->is_there ||
            memcmp(a->value, b->value, (size_t)table->column_count * sizeof a->value[0]) == 0);
}

bool value_parse(const char *text, int64_t *value)
{
    if (strcmp(text, "~") == 0) {
        *value = NULL_VALUE;
        return true;
    }
    char *end = NULL;
    *value = strtoll(text, &end, 10);
    return end != text && *end == '\0';
}

bool row_parse(const struct table *table, const char *text, struct row *row)
{
    char copy[200];
    *row = (struct row){.is_there = true};
    if (strlen(text) >= sizeof copy) {
        return false;
    }
    strcpy(copy, text); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy) */
    char *rest = copy;
    for (int i = 0; i < table->column_count; i++) {
        char *word = strsep(&rest, ":");
        if (word == NULL || !value_parse(word, &row->value[i])) {
            return false;
        }
    }
    return rest == NULL && row->value[table->identity] != NULL_VALUE;
}

const char *row_print(const struct table *table, const struct row *row, char *text, int size)
{
    int length = 0;
    if (!row->is_there) {
        return "no row";
    }
    for (int i = 0; i < table->column_count && length < size; i++) {
        const char *colon = i == 0 ? "" : ":";
        if (row->value[i] == NULL_VALUE) {
            length += snprintf(text + length, (size_t)(size - length), "%s~", colon);
        } else {
            length += snprintf(text + length, (size_t)(size - length), "%s%" PRId64, colon,
                               row->value[i]);
        }
    }
    return text;
}
