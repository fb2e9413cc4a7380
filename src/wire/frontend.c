/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "wire/frontend.h"

#include "wire/backend.h"

enum { LENGTH_SIZE = 4 }; /* bytes; it counts itself */

void frontend_add_string(struct buf *out, struct text text)
{
    buf_add_text(out, text);
    buf_add_char(out, '\0');
}

void frontend_add_header(struct buf *out, char type, size_t body_size)
{
    buf_add_char(out, type);
    buf_add_u32(out, (uint32_t)(body_size + LENGTH_SIZE));
}

void frontend_add_parse(struct buf *out, struct text name, struct text rest)
{
    frontend_add_header(out, FRONTEND_PARSE, name.len + 1 + rest.len);
    frontend_add_string(out, name);
    buf_add_text(out, rest);
}

void frontend_add_target(struct buf *out, char type, char which, struct text name)
{
    frontend_add_header(out, type, 1 + name.len + 1);
    buf_add_char(out, which);
    frontend_add_string(out, name);
}
