/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/server_statements.h"

#include "base/memory.h"

enum { FIRST_BUCKETS = 16 };

void server_statements_init(struct server_statements *statements, size_t max)
{
    *statements = (struct server_statements){.max = max > 0 ? max : SERVER_STATEMENTS_DEFAULT_MAX};
}

static struct server_statement **bucket(const struct server_statements *statements,
                                        const struct statement *statement)
{
    return &statements->buckets[statement->number & (statements->bucket_count - 1)];
}

struct server_statement *server_statements_find_number(const struct server_statements *statements,
                                                       uint64_t number)
{
    if (statements->bucket_count == 0) {
        return NULL;
    }
    struct server_statement *it = statements->buckets[number & (statements->bucket_count - 1)];
    while (it != NULL && it->statement->number != number) {
        it = it->next;
    }
    return it;
}

static bool grow(struct server_statements *statements)
{
    struct server_statements old = *statements;
    size_t count = old.bucket_count == 0 ? FIRST_BUCKETS : old.bucket_count * 2;
    struct server_statement **buckets = mem_new_array(count, sizeof(struct server_statement *));
    if (buckets == NULL) {
        return old.bucket_count > 0;
    }
    statements->buckets = buckets;
    statements->bucket_count = count;
    for (struct server_statement *it = old.oldest; it != NULL; it = it->newer) {
        it->next = *bucket(statements, it->statement);
        *bucket(statements, it->statement) = it;
    }
    mem_free(old.buckets);
    return true;
}

struct server_statement *server_statements_find(const struct server_statements *statements,
                                                const struct statement *statement)
{
    return server_statements_find_number(statements, statement->number);
}

/* ---- The list ---- */

static void unlink_entry(struct server_statements *statements, struct server_statement *entry)
{
    *(entry->older != NULL ? &entry->older->newer : &statements->oldest) = entry->newer;
    *(entry->newer != NULL ? &entry->newer->older : &statements->newest) = entry->older;
}

static void link_newest(struct server_statements *statements, struct server_statement *entry)
{
    entry->older = statements->newest;
    entry->newer = NULL;
    *(entry->older != NULL ? &entry->older->newer : &statements->oldest) = entry;
    statements->newest = entry;
}

void server_statements_touch(struct server_statements *statements, struct server_statement *entry)
{
    if (statements->newest != entry) {
        unlink_entry(statements, entry);
        link_newest(statements, entry);
    }
}

struct server_statement *server_statements_add(struct server_statements *statements,
                                               struct statement *statement)
{
    struct server_statement *entry = server_statements_find(statements, statement);
    if (entry != NULL) {
        return entry;
    }
    if (statements->count >= statements->bucket_count && !grow(statements)) {
        return NULL;
    }
    entry = mem_new(sizeof *entry);
    if (entry != NULL) {
        entry->statement = statement_ref(statement);
        entry->next = *bucket(statements, statement);
        *bucket(statements, statement) = entry;
        link_newest(statements, entry);
        statements->count++;
    }
    return entry;
}

static void remove_entry(struct server_statements *statements, struct server_statement *entry)
{
    struct server_statement **link = bucket(statements, entry->statement);
    while (*link != entry) {
        link = &(*link)->next;
    }
    *link = entry->next;
    unlink_entry(statements, entry);
    statements->count--;
    statement_slot_empty(&entry->slot);
    statement_unref(entry->statement);
    mem_free(entry);
}

/*
 * One whose fate is open cannot be closed, nor the one that was used last: the next message may
 * name it.  Then there is one more than the maximum for a while.
 */
struct server_statement *server_statements_victim(const struct server_statements *statements,
                                                  uint64_t batch)
{
    if (statements->present < statements->max) {
        return NULL;
    }
    struct server_statement *it = statements->oldest;
    while (it != NULL && (it == statements->newest || it->slot.now == NULL ||
                          statement_slot_must_wait(&it->slot, batch))) {
        it = it->newer;
    }
    return it;
}

/* ---- Changes ---- */

static size_t is_present(const struct server_statement *entry)
{
    return entry->slot.now != NULL ? 1 : 0;
}

void server_statements_change(struct server_statements *statements, struct server_statement *entry,
                              bool is_prepared, uint64_t batch)
{
    statements->present -= is_present(entry);
    statement_slot_change(&entry->slot, is_prepared ? entry->statement : NULL, batch);
    statements->present += is_present(entry);
}

void server_statements_settle(struct server_statements *statements, struct server_statement *entry,
                              bool is_prepared, bool is_done)
{
    statements->present -= is_present(entry);
    statement_slot_settle(&entry->slot, is_prepared ? entry->statement : NULL, is_done);
    statements->present += is_present(entry);
    if (statement_slot_is_free(&entry->slot)) {
        remove_entry(statements, entry);
    }
}

void server_statements_forget(struct server_statements *statements)
{
    struct server_statement *it = statements->oldest;
    while (it != NULL) {
        struct server_statement *newer = it->newer;
        statements->present -= is_present(it);
        statement_slot_empty(&it->slot);
        if (statement_slot_is_free(&it->slot)) {
            remove_entry(statements, it);
        }
        it = newer;
    }
}

void server_statements_clear(struct server_statements *statements)
{
    server_statements_forget(statements);
    statement_slot_empty(&statements->unnamed);
    mem_free(statements->buckets);
    server_statements_init(statements, statements->max);
}
