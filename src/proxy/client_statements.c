/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/client_statements.h"

#include "base/memory.h"

#include <string.h>

enum { FIRST_BUCKETS = 8 };

#define HASH_START 1469598103934665603U /* FNV-1a */
#define HASH_PRIME 1099511628211U

/* PostgreSQL keeps names in hash tables with keys of NAMEDATALEN. */
static struct text as_key(struct text name)
{
    return text_slice(name, 0, STATEMENT_NAME_SIZE - 1);
}

static uint64_t hash_of(struct text name)
{
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (unsigned char)name.data[i]) * HASH_PRIME;
    }
    return hash ^ hash >> 32;
}

static struct client_statement **bucket(const struct client_statements *statements, uint64_t hash)
{
    return &statements->buckets[hash & (statements->bucket_count - 1)];
}

static struct client_statement *find(const struct client_statements *statements, struct text name)
{
    if (statements->bucket_count == 0) {
        return NULL;
    }
    uint64_t hash = hash_of(name);
    struct client_statement *it = *bucket(statements, hash);
    while (it != NULL && (it->hash != hash || !text_equal_string(name, it->name))) {
        it = it->next;
    }
    return it;
}

struct statement_slot *client_statements_find(const struct client_statements *statements,
                                              struct text name)
{
    struct client_statement *found = find(statements, as_key(name));
    return found == NULL ? NULL : &found->slot;
}

static bool grow(struct client_statements *statements)
{
    struct client_statements old = *statements;
    size_t count = old.bucket_count == 0 ? FIRST_BUCKETS : old.bucket_count * 2;
    struct client_statement **buckets = mem_new_array(count, sizeof(struct client_statement *));
    if (buckets == NULL) {
        return old.bucket_count > 0;
    }
    statements->buckets = buckets;
    statements->bucket_count = count;
    for (size_t i = 0; i < old.bucket_count; i++) {
        while (old.buckets[i] != NULL) {
            struct client_statement *it = old.buckets[i];
            old.buckets[i] = it->next;
            it->next = *bucket(statements, it->hash);
            *bucket(statements, it->hash) = it;
        }
    }
    mem_free(old.buckets);
    return true;
}

struct statement_slot *client_statements_add(struct client_statements *statements, struct text name)
{
    name = as_key(name);
    struct client_statement *found = find(statements, name);
    if (found != NULL) {
        return &found->slot;
    }
    if (statements->count >= CLIENT_STATEMENTS_MAX ||
        (statements->count >= statements->bucket_count && !grow(statements))) {
        return NULL;
    }
    struct client_statement *added = mem_new(sizeof *added);
    if (added == NULL) {
        return NULL;
    }
    added->hash = hash_of(name);
    memcpy(added->name, name.data, name.len);
    added->next = *bucket(statements, added->hash);
    *bucket(statements, added->hash) = added;
    statements->count++;
    return &added->slot;
}

void client_statements_tidy(struct client_statements *statements)
{
    for (size_t i = 0; i < statements->bucket_count; i++) {
        struct client_statement **link = &statements->buckets[i];
        while (*link != NULL) {
            struct client_statement *it = *link;
            if (!statement_slot_is_free(&it->slot)) {
                link = &it->next;
                continue;
            }
            *link = it->next;
            mem_free(it);
            statements->count--;
        }
    }
}

bool client_statements_leave_state(const struct client_statements *statements)
{
    for (size_t i = 0; i < statements->bucket_count; i++) {
        for (const struct client_statement *it = statements->buckets[i]; it != NULL;
             it = it->next) {
            if (it->slot.now != NULL && it->slot.now->summary.leaves_state) {
                return true;
            }
        }
    }
    return false;
}

void client_statements_forget(struct client_statements *statements)
{
    for (size_t i = 0; i < statements->bucket_count; i++) {
        for (struct client_statement *it = statements->buckets[i]; it != NULL; it = it->next) {
            statement_slot_empty(&it->slot);
        }
    }
    client_statements_tidy(statements);
    statements->has_sql_names = false;
}

void client_statements_clear(struct client_statements *statements)
{
    client_statements_forget(statements);
    client_statements_end_portals(statements, UINT64_MAX);
    statement_slot_empty(&statements->unnamed);
    mem_free(statements->buckets);
    mem_free(statements->portals);
    *statements = (struct client_statements){0};
}

/* ---- Portals ---- */

static void put(struct client_portal *portal, struct statement *statement, bool is_local,
                uint64_t period)
{
    struct statement *old = portal->statement;
    portal->statement = statement_ref(statement);
    portal->is_local = is_local;
    portal->period = period;
    statement_unref(old);
}

static struct client_portal *find_portal(const struct client_statements *statements,
                                         struct text name)
{
    for (size_t i = 0; statements->portals != NULL && i < CLIENT_PORTALS_MAX; i++) {
        if (text_equal_string(name, statements->portals[i].name)) {
            return &statements->portals[i];
        }
    }
    return NULL;
}

static bool matters(const struct statement *statement)
{
    return statement != NULL &&
           (statement->summary.effects != NULL || statement->summary.is_unclear);
}

bool client_statements_bind(struct client_statements *statements, struct text portal,
                            struct statement *statement, bool is_local, uint64_t period)
{
    portal = as_key(portal);
    if (text_is_empty(portal)) {
        put(&statements->unnamed_portal, statement, is_local, period);
        return true;
    }
    struct client_portal *place = find_portal(statements, portal);
    if (place == NULL && !matters(statement)) {
        return true;
    }
    if (place == NULL && statements->portals == NULL) {
        statements->portals = mem_new_array(CLIENT_PORTALS_MAX, sizeof *statements->portals);
    }
    place = place != NULL ? place : find_portal(statements, text_of(""));
    if (place == NULL || !text_copy(portal, place->name, sizeof place->name)) {
        return false;
    }
    put(place, statement, is_local, period);
    return true;
}

const struct client_portal *client_statements_portal(const struct client_statements *statements,
                                                     struct text portal)
{
    const struct client_portal *place = text_is_empty(portal)
                                            ? &statements->unnamed_portal
                                            : find_portal(statements, as_key(portal));
    return place == NULL || place->statement == NULL ? NULL : place;
}

static void end_portal(struct client_portal *portal, uint64_t period)
{
    if (portal->period < period) {
        put(portal, NULL, false, 0);
        portal->name[0] = '\0';
    }
}

void client_statements_end_portals(struct client_statements *statements, uint64_t period)
{
    end_portal(&statements->unnamed_portal, period);
    for (size_t i = 0; statements->portals != NULL && i < CLIENT_PORTALS_MAX; i++) {
        end_portal(&statements->portals[i], period);
    }
}
