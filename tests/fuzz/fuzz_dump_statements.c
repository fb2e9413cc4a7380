/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines are statements of one session of pg_dump.  Whatever they are, an answer is made of whole
 * messages, what is sent instead is an SQL text, and a statement that is passed on is unchanged.
 */
#include "proxy/dump_statements.h"
#include "wire/backend.h"
#include "wire/message.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(struct text rest)
{
    struct frame message = {.type = 0};
    for (; !text_is_empty(rest); rest = text_slice(rest, message.size, rest.len)) {
        if (frame_next(rest, DUMP_ANSWER_MAX, &message) != FRAME_COMPLETE) {
            abort();
        }
    }
    if (message.type != BACKEND_COMMAND_COMPLETE) {
        abort();
    }
}

static void check(struct dump_statements *statements, struct text sql)
{
    char note[DUMP_NOTE_SIZE];
    size_t position = 0;
    struct buf out AUTO_BUF;
    buf_init(&out, 2 * DUMP_SQL_MAX);
    switch (dump_statements_take(statements, sql, &out, note)) {
    case DUMP_ANSWER:
        check_answer(buf_text(&out));
        break;
    case DUMP_REPLACE:
        if (text_find(buf_text(&out), '\0', &position) && !text_find(sql, '\0', &position)) {
            abort();
        }
        break;
    case DUMP_PASS:
        if (out.len > 0) {
            abort();
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dump_statements statements = {.cursor = ""};
    struct text rest = text_of_bytes(data, size);
    struct text line;
    while (text_next_line(&rest, &line)) {
        check(&statements, line);
    }
    dump_statements_clear(&statements);
    return 0;
}
