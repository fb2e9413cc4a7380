/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The XML of AWS STS: credentials that are accepted are complete, and an error code is one word. */
#include "credentials/aws/sts_response.h"
#include "credentials/aws/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_credentials(struct text answer)
{
    struct dsql_credentials got = {0};
    if (sts_response_credentials(answer, "AssumeRole", &got) == DSQL_OK &&
        (secret_is_empty(&got.access_key_id) || secret_is_empty(&got.secret_access_key) ||
         secret_is_empty(&got.session_token))) {
        __builtin_trap();
    }
    credentials_clear(&got);
}

static void check_error(struct text answer)
{
    struct sts_error error;
    sts_response_error(answer, &error);
    for (size_t i = 0; error.code[i] != '\0'; i++) {
        if (!char_is_alnum(error.code[i]) && error.code[i] != '.') {
            __builtin_trap();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text answer = text_of_bytes(data, size);
    struct buf out AUTO_BUF;
    buf_init(&out, size); /* decoding never makes a text longer */
    enum xml_result result = xml_find(answer, "a/b", &out);
    if (result == XML_FOUND && !buf_ok(&out)) {
        __builtin_trap();
    }
    check_credentials(answer);
    check_error(answer);
    return 0;
}
