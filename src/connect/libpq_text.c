/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/libpq_text.h"

/*
 * libpq adds advice in lines of their own.  Ours replaces it: libpq would have the user turn
 * verification off, which is not possible here.
 */
static bool is_advice(struct text line)
{
    return text_starts_with(line, "\t") || text_contains(line, "change sslmode");
}

/* libpq appends to its message, so after a second failed call it reports the first one again. */
static bool is_repeated(struct text lines, struct text line)
{
    struct text earlier;
    while (text_next_line(&lines, &earlier) && earlier.data != line.data) {
        if (text_equal(text_trim(earlier), text_trim(line))) {
            return true;
        }
    }
    return false;
}

/* Returns the new length.  A text that is too long ends at a whole character. */
static size_t append(char *out, size_t used, size_t size, struct text words)
{
    words.len = text_utf8_prefix(words, size - used - 1);
    text_copy(words, &out[used], size - used);
    return used + words.len;
}

const char *libpq_text_join(struct text lines, char *out, size_t size)
{
    struct text rest = lines;
    struct text line;
    size_t used = 0;
    out[0] = '\0';
    while (text_next_line(&rest, &line)) {
        if (!is_advice(line) && !text_is_empty(text_trim(line)) && !is_repeated(lines, line)) {
            used = append(out, used, size, text_of(used == 0 ? "" : "; "));
            used = append(out, used, size, text_trim(line));
        }
    }
    return out;
}

/* Only for words of libpq: a server's own error of this name has a SQLSTATE (53200). */
bool libpq_text_is_nomem(struct text words)
{
    return text_contains(words, "out of memory") || text_contains(words, "cannot allocate memory");
}
