/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of entries.  The server answers in the order in which it was asked, so the first entry is
 * always the one that a message belongs to; only notices, parameters and notifications come
 * unasked.
 */
#include "proxy/answers.h"

#include "base/memory.h"
#include "wire/backend.h"

#include <string.h>

enum { FIRST_CAPACITY = 16 };

void answers_init(struct answers *answers, answers_settled *settled, void *arg)
{
    *answers = (struct answers){.status = STATUS_IDLE, .settled = settled, .arg = arg};
}

static struct answer *entry(const struct answers *answers, size_t i)
{
    return &answers->entries[(answers->first + i) & (answers->capacity - 1)];
}

const struct answer *answers_head(const struct answers *answers)
{
    return answers->count > 0 ? entry(answers, 0) : NULL;
}

static void settle(struct answers *answers, struct answer *answer, enum answer_outcome outcome)
{
    if (answer->subject != NULL) {
        answers->settled(answers->arg, answer, outcome);
    }
    mem_free(answer->made);
    *answer = (struct answer){0};
}

static void pop(struct answers *answers, enum answer_outcome outcome)
{
    struct answer head = *entry(answers, 0);
    answers->first = (answers->first + 1) & (answers->capacity - 1);
    answers->count--;
    settle(answers, &head, outcome);
}

void answers_clear(struct answers *answers)
{
    while (answers->count > 0) {
        pop(answers, ANSWER_SKIPPED);
    }
    mem_free(answers->entries);
    answers_init(answers, answers->settled, answers->arg);
}

static bool grow(struct answers *answers)
{
    size_t capacity = answers->capacity == 0 ? FIRST_CAPACITY : answers->capacity * 2;
    if (capacity > ANSWERS_MAX) {
        return false;
    }
    struct answer *entries = mem_new_array(capacity, sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < answers->count; i++) {
        entries[i] = *entry(answers, i);
    }
    mem_free(answers->entries);
    answers->entries = entries;
    answers->capacity = capacity;
    answers->first = 0;
    return true;
}

/* Sync ends a batch; so does Query, which ends the implicit transaction that the batch is in. */
static void note_batch(struct answers *answers, enum answer_kind kind)
{
    if (kind < ANSWER_SYNC) {
        answers->is_open = true;
    } else if (kind <= ANSWER_FUNCTION_CALL) {
        answers->is_open = false;
        answers->is_skipping = answers->is_skipping && kind != ANSWER_SYNC;
    }
}

bool answers_expect(struct answers *answers, enum answer_kind kind, enum answer_action action,
                    void *subject)
{
    if (answers->count == answers->capacity && !grow(answers)) {
        return false;
    }
    answers->count++;
    *entry(answers, answers->count - 1) =
        (struct answer){.kind = (uint8_t)kind, .action = (uint8_t)action, .subject = subject};
    note_batch(answers, kind);
    return true;
}

bool answers_expect_text(struct answers *answers, enum answer_kind kind, enum answer_action action,
                         void *subject, struct text made)
{
    char *copy = mem_strndup(made.data, made.len);
    if (copy == NULL || !answers_expect(answers, kind, action, subject)) {
        mem_free(copy);
        return false;
    }
    struct answer *last = entry(answers, answers->count - 1);
    last->made = copy;
    last->made_len = made.len;
    return true;
}

void answers_number_last(struct answers *answers, uint64_t number)
{
    if (answers->count > 0) {
        entry(answers, answers->count - 1)->number = number;
    }
}

/* ---- Messages of the server ---- */

/* The types that may answer each kind (an error may answer all), and those that end the answer. */
static const struct {
    const char *types;
    const char *last;
} protocol[] = {
    [ANSWER_PARSE] = {"1", "1"},
    [ANSWER_BIND] = {"2", "2"},
    [ANSWER_CLOSE] = {"3", "3"},
    [ANSWER_DESCRIBE_STATEMENT] = {"tTn", "Tn"},
    [ANSWER_DESCRIBE_PORTAL] = {"Tn", "Tn"},
    [ANSWER_EXECUTE] = {"DCIsGHWdc", "CIs"},
    [ANSWER_SYNC] = {"Z", "Z"},
    [ANSWER_QUERY] = {"TDCIGHWdcZ", "Z"},
    [ANSWER_FUNCTION_CALL] = {"VZ", "Z"},
    [ANSWER_COPY_END] = {"", ""},
    [ANSWER_LOCAL] = {"", ""},
};

static bool is_one_of(char type, const char *types)
{
    return type != '\0' && strchr(types, type) != NULL;
}

static bool is_unasked(char type)
{
    return is_one_of(type, "NSA");
}

/*
 * The error of a message that the proxy has inserted into a batch of the client is the client's:
 * its own message, which needed the other one, is skipped.
 */
static enum answers_verdict on_error(const struct answer *head)
{
    if (head == NULL) {
        return ANSWERS_PASS; /* the server ends the connection */
    }
    if (head->action == ANSWER_REPLACE_ERROR) {
        return ANSWERS_REPLACE;
    }
    bool is_own = head->action == ANSWER_SWALLOW && head->kind >= ANSWER_SYNC;
    return is_own ? ANSWERS_SWALLOW : ANSWERS_PASS;
}

/*
 * A message other than CopyData after COPY FROM STDIN: the server takes it for the failure of the
 * COPY, unless that has failed before; which of them cannot be known.  No client does that.
 */
static bool is_copy_disturbed(const struct answers *answers)
{
    size_t i = 1;
    while (i < answers->count && entry(answers, i)->kind == ANSWER_SYNC) {
        i++;
    }
    return i < answers->count && entry(answers, i)->kind != ANSWER_COPY_END;
}

enum answers_verdict answers_receive(const struct answers *answers, char type)
{
    const struct answer *head = answers_head(answers);
    if (type == BACKEND_ERROR) {
        return on_error(head);
    }
    bool is_swallowed = head != NULL && head->action == ANSWER_SWALLOW;
    if (is_unasked(type)) {
        return is_swallowed ? ANSWERS_SWALLOW : ANSWERS_PASS;
    }
    if (head == NULL || head->action == ANSWER_REPLACE_ERROR ||
        !is_one_of(type, protocol[head->kind].types) ||
        (type == BACKEND_COPY_IN && is_copy_disturbed(answers))) {
        return ANSWERS_INVALID;
    }
    if (head->action == ANSWER_REPLACE_EMPTY) {
        return type == BACKEND_EMPTY_QUERY ? ANSWERS_REPLACE : ANSWERS_INVALID;
    }
    return is_swallowed ? ANSWERS_SWALLOW : ANSWERS_PASS;
}

struct text answers_made(const struct answers *answers)
{
    const struct answer *head = answers_head(answers);
    return head == NULL ? text_of("") : text_of_bytes(head->made, head->made_len);
}

/* The server reads no further than to the next Sync. */
static void skip_to_sync(struct answers *answers)
{
    answers->is_copy_in = false;
    pop(answers, ANSWER_FAILED);
    while (answers->count > 0 && entry(answers, 0)->kind != ANSWER_SYNC) {
        pop(answers, ANSWER_SKIPPED);
    }
    answers->is_skipping = answers->count == 0;
}

/* Whether a batch ends after what is answered now. */
static bool has_end_of_batch(const struct answers *answers)
{
    for (size_t i = 0; i < answers->count; i++) {
        uint8_t kind = entry(answers, i)->kind;
        if (kind >= ANSWER_SYNC && kind <= ANSWER_FUNCTION_CALL) {
            return true;
        }
    }
    return false;
}

/*
 * While the server reads CopyData it ignores Sync: one that was sent together with Execute has no
 * answer.  One after CopyDone has.
 */
static void begin_copy_in(struct answers *answers)
{
    size_t syncs = 0;
    while (syncs + 1 < answers->count && entry(answers, syncs + 1)->kind == ANSWER_SYNC) {
        syncs++;
    }
    for (size_t i = syncs + 1; syncs > 0 && i < answers->count; i++) {
        *entry(answers, i - syncs) = *entry(answers, i);
    }
    answers->count -= syncs;
    answers->is_open = answers->is_open || !has_end_of_batch(answers);
    answers->is_copy_in = answers->count == 1; /* else the client did not wait, and ended it */
}

static void end_answer(struct answers *answers, const struct answer *head, char type, char status)
{
    if (type == BACKEND_READY) {
        answers->status = status;
        answers->is_copy_in = false;
    }
    if (is_one_of(type, protocol[head->kind].last)) {
        pop(answers, ANSWER_DONE);
    }
}

void answers_next(struct answers *answers, char type, char status, struct buf *out)
{
    const struct answer *head = answers_head(answers);
    if (head != NULL && type == BACKEND_ERROR) {
        if (head->kind < ANSWER_SYNC) {
            skip_to_sync(answers);
        } else {
            answers->is_copy_in = false;
        }
    } else if (head != NULL && type == BACKEND_COPY_IN) {
        begin_copy_in(answers);
    } else if (head != NULL && !is_unasked(type)) {
        end_answer(answers, head, type, status);
    }
    answers_flush(answers, out);
}

void answers_flush(struct answers *answers, struct buf *out)
{
    for (const struct answer *head = answers_head(answers); head != NULL;
         head = answers_head(answers)) {
        bool is_made = head->action == ANSWER_MAKE;
        if (!is_made && head->kind != ANSWER_COPY_END) {
            return;
        }
        if (is_made) {
            buf_add(out, head->made, head->made_len);
        }
        pop(answers, ANSWER_DONE);
    }
}

bool answers_are_complete(const struct answers *answers)
{
    return answers->count == 0 && !answers->is_open && !answers->is_skipping &&
           !answers->is_copy_in;
}

bool answers_end_copy(struct answers *answers)
{
    if (answers->is_copy_in) {
        answers->is_copy_in = false;
        return true;
    }
    bool has_any = answers->count > 0;
    return !has_any || answers_expect(answers, ANSWER_COPY_END, ANSWER_SWALLOW, NULL);
}
