/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is "ID; CATALOG OID TYPE SCHEMA NAME OWNER".  Names may contain spaces, so only its
 * beginning can be taken apart; pg_restore replaces line breaks in names.
 */
#include "local/archive_list.h"

#include <limits.h>
#include <stddef.h>

/*
 * Every cluster has the access method already, and only a superuser could create it.  pg_dump has
 * no option to leave it out.  "-" stands for no schema, so no other object begins like this.
 */
static const char *const left_out[] = {"ACCESS METHOD - ", "COMMENT - ACCESS METHOD "};

static bool is_wanted(struct text entry)
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        if (text_starts_with(entry, left_out[i])) {
            return false;
        }
    }
    return true;
}

/* Takes a number and the space after it. */
static bool skip_number(struct text *rest)
{
    struct text number;
    int64_t ignored = 0;
    return text_cut(*rest, ' ', &number, rest) && text_to_int64(number, 0, UINT_MAX, &ignored);
}

static bool select_line(struct text line, struct buf *ids)
{
    struct text id;
    struct text rest;
    int64_t number = 0;
    if (!text_cut(line, ';', &id, &rest) || !text_to_int64(id, 1, INT_MAX, &number) ||
        !text_starts_with(rest, " ")) {
        return false;
    }
    rest = text_slice(rest, 1, rest.len);
    for (int i = 0; i < 2; i++) { /* oids: of the catalog, and of the object */
        if (!skip_number(&rest)) {
            return false;
        }
    }
    if (is_wanted(rest)) {
        buf_printf(ids, "%d;\n", (int)number);
    }
    return true;
}

bool archive_list_select(struct text list, struct buf *ids)
{
    struct text line;
    while (text_next_line(&list, &line)) {
        bool is_comment = text_is_empty(line) || text_starts_with(line, ";");
        if (!is_comment && !select_line(line, ids)) {
            return false;
        }
    }
    return buf_ok(ids);
}
