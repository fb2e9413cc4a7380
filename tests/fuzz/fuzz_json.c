/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A JSON body: what is accepted can be written, and is read as the same value again. */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_fields(const struct json *json)
{
    int64_t number = 0;
    (void)json_get_string(json, "accessKeyId");
    (void)json_get_string_nocase(json, "EXPIRATION");
    (void)json_get_integer(json, "expiration", &number);
    (void)json_get_string(json_get_object(json, "roleCredentials"), "sessionToken");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *json AUTO_JSON = json_parse(text_of_bytes(data, size));
    if (json == NULL) {
        return 0;
    }
    read_fields(json);
    struct buf written AUTO_BUF;
    buf_init_secret(&written, (size_t)JSON_MAX_SIZE * 8);
    if (!json_write(json, &written)) {
        __builtin_trap();
    }
    struct json *again AUTO_JSON = json_parse(buf_text(&written));
    if (again == NULL && written.len <= JSON_MAX_SIZE) {
        __builtin_trap();
    }
    return 0;
}
