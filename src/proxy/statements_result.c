/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statements_result.h"

#include "wire/backend.h"
#include "wire/frontend.h"
#include "wire/message.h"

#include <stdio.h>

enum { ERROR_MAX = 4096 }; /* bytes of an ErrorResponse that is made here */

bool statements_expect(struct statements *statements, enum answer_kind kind)
{
    return answers_expect(statements->answers, kind, ANSWER_PASS, NULL);
}

enum statements_result statements_result_of(bool is_fine, const struct buf *out)
{
    return is_fine && buf_ok(out) ? STATEMENTS_SENT : STATEMENTS_FAILED;
}

enum statements_result statements_wait(const struct statements *statements, struct buf *out)
{
    if (statements->answers->is_open) {
        frontend_add_header(out, FRONTEND_FLUSH, 0);
    }
    return STATEMENTS_WAIT;
}

enum statements_result statements_send_invalid(struct statements *statements, enum answer_kind kind,
                                               char type, struct text body, struct buf *out)
{
    frame_write(out, type, body);
    return statements_result_of(statements_expect(statements, kind), out);
}

enum statements_result statements_refuse(struct statements *statements, const char *sqlstate,
                                         const char *message, const char *hint, struct buf *out)
{
    char name[STATEMENT_SERVER_NAME_SIZE];
    struct buf made AUTO_BUF;
    buf_init(&made, ERROR_MAX);
    const struct error_fields fields = {.severity = text_of("ERROR"),
                                        .sqlstate = text_of(sqlstate),
                                        .message = text_of(message),
                                        .detail = text_of(""),
                                        .hint = text_of(hint)};
    backend_write_error(&made, &fields);
    (void)snprintf(name, sizeof name, "%s0", statements->cache->prefix);
    frontend_add_target(out, FRONTEND_DESCRIBE, TARGET_STATEMENT, text_of(name));
    bool is_fine =
        buf_ok(&made) && answers_expect_text(statements->answers, ANSWER_DESCRIBE_STATEMENT,
                                             ANSWER_REPLACE_ERROR, NULL, buf_text(&made));
    return statements_result_of(is_fine, out);
}
