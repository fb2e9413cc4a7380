/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server still owes: one entry for each message that was sent to it and has an answer, in
 * order.  Some of these messages the proxy has inserted, and their answers are swallowed; some that
 * the client sent were not passed on, and their answers are made here.  After an error in a batch
 * of the extended protocol the server skips everything up to Sync, and so do the entries.
 * Source: PostgreSQL manual, "Message Flow", "Extended Query" and "Pipelining".
 *
 * Knows no names of statements: whoever expects an answer may attach something to it, and learns
 * whether it came.  No sockets, no time.
 */
#ifndef DSQL_PROXY_ANSWERS_H
#define DSQL_PROXY_ANSWERS_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Which message of the client (or of the proxy) is to be answered. */
enum answer_kind {
    ANSWER_PARSE,
    ANSWER_BIND,
    ANSWER_CLOSE,
    ANSWER_DESCRIBE_STATEMENT,
    ANSWER_DESCRIBE_PORTAL,
    ANSWER_EXECUTE,
    ANSWER_SYNC,
    ANSWER_QUERY,
    ANSWER_FUNCTION_CALL,
    ANSWER_COPY_END, /* CopyDone or CopyFail: has no answer, but ends what ignores Sync */
    ANSWER_LOCAL     /* nothing was sent to the server */
};

enum answer_action {
    ANSWER_PASS,
    ANSWER_SWALLOW,
    ANSWER_MAKE,          /* the text that is attached is the answer */
    ANSWER_REPLACE_ERROR, /* the server's error is replaced by the text that is attached */
    ANSWER_REPLACE_EMPTY  /* the same with its EmptyQueryResponse */
};

struct answer {
    uint8_t kind;
    uint8_t action;
    char *made; /* for MAKE and REPLACE: whole messages; owned by the entry */
    size_t made_len;
    void *subject;   /* of the owner of the queue; see answers_settled */
    uint64_t number; /* for the owner, see answers_number_last(); 0 at first */
};

enum answer_outcome {
    ANSWER_DONE,   /* its answer came */
    ANSWER_FAILED, /* it was answered with an error */
    ANSWER_SKIPPED /* after an error, or the connection ended */
};

/** Called for each entry with a subject that leaves the queue. */
typedef void answers_settled(void *arg, const struct answer *answer, enum answer_outcome outcome);

struct answers {
    struct answer *entries; /* a ring; capacity is a power of two */
    size_t capacity;
    size_t first;
    size_t count;
    bool is_open;     /* messages of a batch were sent that no Sync or Query has followed */
    bool is_skipping; /* the server skips what it receives, up to the next Sync */
    bool is_copy_in;  /* it reads CopyData: it ignores Flush and Sync */
    char status;      /* of the last ReadyForQuery: 'I', 'T', 'E' */
    answers_settled *settled;
    void *arg;
};

enum { ANSWERS_MAX = 65536 };

void answers_init(struct answers *answers, answers_settled *settled, void *arg);
/** Settles all entries as skipped: the connection has ended. */
void answers_clear(struct answers *answers);

/** Expects an answer.  False: no memory, or ANSWERS_MAX is reached; the session must end. */
bool answers_expect(struct answers *answers, enum answer_kind kind, enum answer_action action,
                    void *subject) __attribute__((warn_unused_result));
/** The same with a text (which is copied), for ANSWER_MAKE and ANSWER_REPLACE. */
bool answers_expect_text(struct answers *answers, enum answer_kind kind, enum answer_action action,
                         void *subject, struct text made) __attribute__((warn_unused_result));

/** Gives the entry that was expected last a number. */
void answers_number_last(struct answers *answers, uint64_t number);

/** What to do with a message of the server. */
enum answers_verdict {
    ANSWERS_PASS,    /* to the client */
    ANSWERS_SWALLOW, /* it answers a message of the proxy */
    ANSWERS_REPLACE, /* answers_made() is sent instead */
    ANSWERS_INVALID  /* the server has sent something that nobody waits for */
};

/**
 * A message of the server, of which only the type was read.  Changes nothing: the message that is
 * answered is still answers_head().
 */
enum answers_verdict answers_receive(const struct answers *answers, char type);

/**
 * The message has been dealt with.  status: of a ReadyForQuery.  Settles what it has ended, and
 * appends to out the answers that are made here and whose turn it is.
 */
void answers_next(struct answers *answers, char type, char status, struct buf *out);

/** The text that replaces what was received. */
struct text answers_made(const struct answers *answers);

/** Appends the answers that are made here, if nothing before them is owed. */
void answers_flush(struct answers *answers, struct buf *out);

/** The entry that the server answers at present; NULL: none. */
const struct answer *answers_head(const struct answers *answers);

/** Nothing is owed, no batch is open, no COPY is on: what ReadyForQuery said is the state. */
bool answers_are_complete(const struct answers *answers);

/** To be called for CopyDone and CopyFail of the client.  False as for answers_expect(). */
bool answers_end_copy(struct answers *answers) __attribute__((warn_unused_result));

#endif
