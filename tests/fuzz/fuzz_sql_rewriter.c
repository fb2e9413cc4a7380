/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream may be split anywhere: the output is the same and, apart from bytes that are held back,
 * as long as the input.  Only the bytes of a rewritten statement differ.
 */
#include "gateway/sql_rewriter.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE_MAX_HERE = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 15, whose grammar lacks the most. */
static bool pass_in_steps(struct text bytes, size_t step, struct buf *out)
{
    struct sql_rewriter rewriter;
    bool is_fine = true;
    buf_init(out, SIZE_MAX_HERE);
    sql_rewriter_init(&rewriter, 15);
    while (is_fine && !text_is_empty(bytes)) {
        struct text part;
        is_fine = sql_rewriter_rewrite(&rewriter, text_slice(bytes, 0, step), &part);
        buf_add_text(out, part);
        bytes = text_slice(bytes, step, bytes.len);
    }
    buf_add(out, rewriter.held, rewriter.held_len);
    sql_rewriter_clear(&rewriter);
    return is_fine;
}

static bool is_mark(char c)
{
    return c != '\0' && strchr("/*AR*/SET.O\fpg_tem OPTIONS(mpexd'')\"=flt0123456789+-", c) != NULL;
}

static void check(struct text sent, struct text out)
{
    if (sent.len != out.len) {
        abort();
    }
    for (size_t i = 0; i < sent.len; i++) {
        if (sent.data[i] != out.data[i] && !is_mark(out.data[i])) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SIZE_MAX_HERE) {
        return 0;
    }
    struct text sent = text_of_bytes(data, size);
    struct buf whole AUTO_BUF;
    struct buf bytes AUTO_BUF;
    struct buf some AUTO_BUF;
    bool is_fine = pass_in_steps(sent, size + 1, &whole);
    if (pass_in_steps(sent, 1, &bytes) != is_fine || pass_in_steps(sent, 7, &some) != is_fine) {
        abort();
    }
    if (!is_fine) {
        return 0;
    }
    check(sent, buf_text(&whole));
    if (!text_equal(buf_text(&whole), buf_text(&bytes)) ||
        !text_equal(buf_text(&whole), buf_text(&some))) {
        abort();
    }
    return 0;
}
