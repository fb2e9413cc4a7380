/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a session from outside: whether it is idle, and whether another connection could take its
 * place without the client noticing.  Reads the types of the messages and as much of them as that
 * needs.  No sockets, no time.
 */
#ifndef DSQL_PROXY_SESSION_WATCH_H
#define DSQL_PROXY_SESSION_WATCH_H

#include "base/text.h"
#include "proxy/statement_reader.h"
#include "wire/message.h"

#include <stdbool.h>
#include <stddef.h>

enum { SESSION_WATCH_TAG_MAX = 32 };

struct session_watch {
    unsigned queries;    /* Query messages that ReadyForQuery has not answered yet ... */
    unsigned syncs;      /* ... and Sync messages */
    bool is_copying_in;  /* the server reads CopyData, and ignores Sync */
    bool has_open_batch; /* messages of the extended protocol that no Sync has followed */
    bool is_pinned;      /* it has something that a fresh connection would not have */
    char status;         /* of the last ReadyForQuery: 'I', 'T' or 'E' */
    char tag[SESSION_WATCH_TAG_MAX]; /* of the CommandComplete that is being read */
    size_t tag_len;
    unsigned strings;               /* of the message that is being read: so many have ended */
    struct statement_reader reader; /* of its text */
};

/** A session whose server has just sent its first ReadyForQuery. */
void session_watch_init(struct session_watch *watch);
void session_watch_clear(struct session_watch *watch);

/**
 * Follow bytes of the client and of the server; scan is the position in that stream and moves over
 * them.  False: the framing is broken.
 */
bool session_watch_client(struct session_watch *watch, struct frame_scan *scan, struct text bytes)
    __attribute__((warn_unused_result));
bool session_watch_server(struct session_watch *watch, struct frame_scan *scan, struct text bytes)
    __attribute__((warn_unused_result));

/** All that the client has sent is answered. */
bool session_watch_is_answered(const struct session_watch *watch);

/** Outside a transaction, and nothing is under way.  Both streams must be between two messages. */
bool session_watch_is_idle(const struct session_watch *watch);

#endif
