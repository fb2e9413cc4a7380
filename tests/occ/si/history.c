/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "history.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is being read: the words of a line, and the transaction that it belongs to. */
struct reader {
    struct history *history;
    struct transaction *current;
    size_t operation_capacity;
    char *rest;
};

void not_a_history(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

void *grown(void *memory, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return memory;
    }
    *capacity = *capacity == 0 ? 4 : *capacity * 2;
    void *more = realloc(memory, *capacity * size);
    if (more == NULL) {
        not_a_history("out of memory");
    }
    return more;
}

bool transaction_sees(const struct transaction *transaction, int64_t xid)
{
    if (xid < transaction->xmin) {
        return true;
    }
    if (xid >= transaction->xmax) {
        return false;
    }
    for (size_t i = 0; i < transaction->in_progress_count; i++) {
        if (transaction->in_progress[i] == xid) {
            return false;
        }
    }
    return true;
}

/* ---- Words ---- */

static char *word(struct reader *reader)
{
    char *found = strtok_r(NULL, " \n", &reader->rest);
    if (found == NULL) {
        not_a_history("a line ends too early");
    }
    return found;
}

static int64_t value(struct reader *reader)
{
    char *text = word(reader);
    int64_t parsed = 0;
    if (!value_parse(text, &parsed)) {
        not_a_history("'%s' is not a value", text);
    }
    return parsed;
}

static int64_t number(struct reader *reader)
{
    int64_t parsed = value(reader);
    if (parsed == NULL_VALUE) {
        not_a_history("a number is missing");
    }
    return parsed;
}

static struct row row(struct reader *reader, const struct table *table)
{
    char *text = word(reader);
    struct row parsed;
    if (!row_parse(table, text, &parsed)) {
        not_a_history("'%s' is not a row of %s", text, table->name);
    }
    return parsed;
}

static char *rest_of_line(struct reader *reader)
{
    char *copy = strdup(reader->rest == NULL ? "" : reader->rest);
    if (copy == NULL) {
        not_a_history("out of memory");
    }
    return copy;
}

static int column(struct reader *reader, const struct table *table)
{
    char *name = word(reader);
    int found = table_column(table, name);
    if (found == NO_COLUMN) {
        not_a_history("%s has no column %s", table->name, name);
    }
    return found;
}

/* ---- Statements ---- */

static void read_answer(struct operation *operation, const char *text)
{
    if (strcmp(text, "duplicate") == 0) {
        operation->answer = DUPLICATE;
    } else if (strcmp(text, "foreign") == 0) {
        operation->answer = FOREIGN;
    } else if (strcmp(text, "ok") != 0 && !value_parse(text, &operation->count)) {
        not_a_history("'%s' is not an answer", text);
    }
}

static void read_condition(struct reader *reader, struct operation *operation)
{
    operation->column = column(reader, operation->table);
    operation->value = value(reader);
}

static void read_insert(struct reader *reader, struct operation *operation)
{
    operation->row = row(reader, operation->table);
    if (operation->kind == INSERT) {
        read_answer(operation, word(reader));
        return;
    }
    operation->text = rest_of_line(reader);
    if (strncmp(operation->text, "duplicate", 9) == 0) {
        operation->answer = DUPLICATE;
    }
}

static void read_update(struct reader *reader, struct operation *operation)
{
    read_condition(reader, operation);
    char *set = word(reader);
    operation->set = table_column(operation->table, set);
    if (operation->set == NO_COLUMN && strcmp(set, "-") != 0) {
        not_a_history("%s has no column %s", operation->table->name, set);
    }
    operation->to = value(reader);
    operation->v = number(reader);
    read_answer(operation, word(reader));
}

static void read_range(struct reader *reader, struct operation *operation)
{
    operation->value = number(reader);
    operation->to = number(reader);
    if (operation->kind == FILL) {
        operation->v = number(reader);
    }
    read_answer(operation, word(reader));
}

static void read_statement(struct reader *reader, struct operation *operation)
{
    if (operation->kind == BAD_STATEMENT) {
        operation->text = rest_of_line(reader);
        return;
    }
    if (operation->kind == LOCK) {
        operation->lock = strcmp(word(reader), "update") == 0 ? STRONG : KEY_SHARE;
    }
    char *name = word(reader);
    operation->table = table_find(name);
    if (operation->table == NULL) {
        not_a_history("there is no table %s", name);
    }
    switch (operation->kind) {
    case POINT:
    case LOCK:
        read_condition(reader, operation);
        operation->text = rest_of_line(reader);
        break;
    case INSERT:
    case UPSERT:
    case IGNORE:
        read_insert(reader, operation);
        break;
    case UPDATE:
        read_update(reader, operation);
        break;
    case DELETE:
        read_condition(reader, operation);
        read_answer(operation, word(reader));
        break;
    case FILL:
    case CLEAR:
        read_range(reader, operation);
        break;
    default:
        operation->text = rest_of_line(reader);
        break;
    }
}

/* ---- Transactions ---- */

static void read_begin(struct reader *reader)
{
    struct history *history = reader->history;
    history->transactions = grown(history->transactions, history->count, &history->capacity,
                                  sizeof *history->transactions);
    reader->current = &history->transactions[history->count++];
    reader->operation_capacity = 0;
    *reader->current = (struct transaction){.xmin = INT64_MAX, .xmax = INT64_MAX};
    reader->current->client = (int)number(reader);
    reader->current->number = number(reader);
    reader->current->begin_us = number(reader);
}

static void read_snapshot(struct reader *reader)
{
    struct transaction *transaction = reader->current;
    transaction->xmin = number(reader);
    transaction->xmax = number(reader);
    size_t capacity = 0;
    char *comma = NULL;
    for (char *xid = strtok_r(word(reader), ",", &comma); xid != NULL && strcmp(xid, "-") != 0;
         xid = strtok_r(NULL, ",", &comma)) {
        transaction->in_progress = grown(transaction->in_progress, transaction->in_progress_count,
                                         &capacity, sizeof(int64_t));
        transaction->in_progress[transaction->in_progress_count++] = strtoll(xid, NULL, 10);
    }
}

static void read_change(struct reader *reader)
{
    struct history *history = reader->history;
    history->changes = grown(history->changes, history->change_count, &history->change_capacity,
                             sizeof *history->changes);
    struct change *change = &history->changes[history->change_count++];
    change->start_us = number(reader);
    change->end_us = number(reader);
}

static bool read_end(struct reader *reader, const char *name)
{
    static const struct {
        const char *name;
        enum outcome outcome;
    } ends[] = {
        {"commit", COMMITTED},     {"conflict", CONFLICT}, {"forgotten", FORGOTTEN},
        {"stale", STALE},          {"load", LOAD},         {"final", FINAL},
        {"rollback", ROLLED_BACK}, {"vanished", VANISHED},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (strcmp(name, ends[i].name) == 0) {
            reader->current->outcome = ends[i].outcome;
            reader->current->start_us = number(reader);
            reader->current->end_us = number(reader);
            return true;
        }
    }
    return false;
}

static bool read_operation(struct reader *reader, const char *name)
{
    static const char *const kinds[] = {
        [READ] = "read",     [POINT] = "point",   [LOCK] = "lock",     [INSERT] = "insert",
        [UPSERT] = "upsert", [IGNORE] = "ignore", [UPDATE] = "update", [DELETE] = "delete",
        [FILL] = "fill",     [CLEAR] = "clear",   [RUNS] = "runs",     [BAD_STATEMENT] = "error",
    };
    struct transaction *transaction = reader->current;
    for (int kind = 0; kind <= BAD_STATEMENT; kind++) {
        if (strcmp(name, kinds[kind]) == 0) {
            transaction->operations =
                grown(transaction->operations, transaction->operation_count,
                      &reader->operation_capacity, sizeof *transaction->operations);
            struct operation *operation = &transaction->operations[transaction->operation_count++];
            *operation = (struct operation){.kind = (enum kind)kind};
            read_statement(reader, operation);
            return true;
        }
    }
    return false;
}

static void read_line(struct reader *reader, char *line)
{
    char *name = strtok_r(line, " \n", &reader->rest);
    if (name == NULL) {
        return;
    }
    if (strcmp(name, "tiny") == 0) {
        reader->history->is_tiny = true;
    } else if (strcmp(name, "ddl") == 0) {
        read_change(reader);
    } else if (strcmp(name, "begin") == 0) {
        read_begin(reader);
    } else if (reader->current == NULL) {
        not_a_history("'%s' before begin", name);
    } else if (strcmp(name, "snapshot") == 0) {
        read_snapshot(reader);
    } else if (strcmp(name, "xid") == 0) {
        reader->current->xid = number(reader);
    } else if (!read_end(reader, name) && !read_operation(reader, name)) {
        not_a_history("'%s' is not an event", name);
    }
}

static void read_file(struct history *history, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        not_a_history("could not open %s", path);
    }
    struct reader reader = {.history = history};
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) {
        read_line(&reader, line);
    }
    free(line);
    fclose(file);
}

void history_read(struct history *history, const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        not_a_history("could not open %s", path);
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *suffix = strrchr(entry->d_name, '.');
        if (suffix != NULL && strcmp(suffix, ".history") == 0) {
            char file[1024];
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            read_file(history, file);
        }
    }
    closedir(directory);
    for (size_t i = 0; i < history->count; i++) {
        if (history->transactions[i].outcome == UNFINISHED) {
            not_a_history("transaction %d/%lld has not terminated", history->transactions[i].client,
                          (long long)history->transactions[i].number);
        }
    }
    if (history->count == 0) {
        not_a_history("no history in %s", path);
    }
}
