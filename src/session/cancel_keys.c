/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table by the low bits of the process id, which are as good as random among the sessions
 * of one server.
 */
#include "session/cancel_keys.h"

#include "base/secret.h"

#include <stddef.h>
#include <string.h>

enum { PID_LAST_BYTE = 3, BYTE_BITS = 8 };

static size_t bucket_of(const char *bytes)
{
    size_t low = (unsigned char)bytes[PID_LAST_BYTE];
    size_t high = (unsigned char)bytes[PID_LAST_BYTE - 1];
    return (high << BYTE_BITS | low) % CANCEL_KEYS_BUCKETS;
}

void cancel_keys_add(struct cancel_keys *keys, struct cancel_key *key, struct text body)
{
    if (body.len != CANCEL_KEY_SIZE || key->is_known) {
        return;
    }
    memcpy(key->bytes, body.data, CANCEL_KEY_SIZE);
    struct cancel_key **bucket = &keys->buckets[bucket_of(key->bytes)];
    key->next = *bucket;
    key->is_known = true;
    if (*bucket != NULL) {
        (*bucket)->previous = key;
    }
    *bucket = key;
}

void cancel_keys_remove(struct cancel_keys *keys, struct cancel_key *key)
{
    if (!key->is_known) {
        return;
    }
    struct cancel_key **first = &keys->buckets[bucket_of(key->bytes)];
    *(key->previous == NULL ? first : &key->previous->next) = key->next;
    if (key->next != NULL) {
        key->next->previous = key->previous;
    }
    secret_wipe(key, sizeof *key);
}

const struct cancel_key *cancel_keys_find(const struct cancel_keys *keys, struct text body)
{
    const struct cancel_key *found = NULL;
    if (body.len != CANCEL_KEY_SIZE) {
        return NULL;
    }
    for (const struct cancel_key *key = keys->buckets[bucket_of(body.data)]; key != NULL;
         key = key->next) {
        if (secret_equal(key->bytes, CANCEL_KEY_SIZE, body.data, body.len)) {
            found = key;
        }
    }
    return found;
}
