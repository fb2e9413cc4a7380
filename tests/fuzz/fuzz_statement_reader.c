/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses the rules.  However a text is cut, the same is found in it, and what is
 * found is within its limits.
 */
#include "proxy/statement_reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct statement_summary read_in_steps(const struct lexer_rules *rules, struct text sql,
                                              size_t step)
{
    struct statement_reader reader;
    statement_reader_init(&reader, rules);
    for (; !text_is_empty(sql); sql = text_slice(sql, step, sql.len)) {
        statement_reader_add(&reader, text_slice(sql, 0, step));
    }
    return statement_reader_end(&reader);
}

static bool is_same(const struct statement_effect *a, const struct statement_effect *b)
{
    unsigned count = 0;
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        count++;
        if (a->kind != b->kind || !text_equal(text_of(a->name), text_of(b->name)) ||
            !text_equal(text_of(a->value), text_of(b->value))) {
            return false;
        }
    }
    return a == NULL && b == NULL && count < 2U * STATEMENT_READER_HELD_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct lexer_rules rules = {.encoding = data[0] % 3, .has_backslashes = data[0] > 127};
    struct text sql = text_of_bytes(data + 1, size - 1);
    struct statement_summary whole = read_in_steps(&rules, sql, size);
    struct statement_summary bytes = read_in_steps(&rules, sql, 1);
    if (whole.count != bytes.count || whole.kind != bytes.kind ||
        whole.is_unclear != bytes.is_unclear || whole.leaves_state != bytes.leaves_state ||
        whole.has_transaction_control != bytes.has_transaction_control ||
        !is_same(whole.effects, bytes.effects)) {
        abort();
    }
    statement_effects_free(whole.effects);
    statement_effects_free(bytes.effects);
    return 0;
}
