/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cancel requests are for a session of this program.  Anyone may send one, before TLS and
 * without a login, and PostgreSQL starts a process for each; so those with a key that no session
 * has go no further than here.
 */
#ifndef DSQL_SESSION_CANCEL_KEYS_H
#define DSQL_SESSION_CANCEL_KEYS_H

#include "base/text.h"

#include <stdbool.h>

enum { CANCEL_KEY_SIZE = 8, CANCEL_KEYS_BUCKETS = 1024 };

/** Process id and secret key, as in BackendKeyData and CancelRequest.  It is part of a client. */
struct cancel_key {
    char bytes[CANCEL_KEY_SIZE];
    struct cancel_key *next;
    struct cancel_key *previous; /* NULL: it is the first of its bucket, or in none */
    void *owner;                 /* of the session; for the program */
    bool is_known;
};

struct cancel_keys {
    struct cancel_key *buckets[CANCEL_KEYS_BUCKETS];
};

/** body: of a BackendKeyData.  One of another size than CANCEL_KEY_SIZE is ignored. */
void cancel_keys_add(struct cancel_keys *keys, struct cancel_key *key, struct text body);
/** Does nothing if it was not added. */
void cancel_keys_remove(struct cancel_keys *keys, struct cancel_key *key);

/** NULL: no session has this key.  Takes the same time for every wrong key. */
const struct cancel_key *cancel_keys_find(const struct cancel_keys *keys, struct text body);

#endif
