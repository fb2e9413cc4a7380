/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The bodies of a server's messages may contain any bytes. */
#include "wire/backend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text body = text_of_bytes(data, size);
    struct error_fields fields;
    struct text name;
    struct text value;
    char status = 0;
    uint32_t code = 0;
    struct buf out AUTO_BUF;
    buf_init(&out, 1 << 20);
    if (backend_parse_error(body, &fields)) {
        backend_write_error(&out, &fields);
    }
    if (backend_parse_parameter(body, &name, &value)) {
        backend_write_parameter(&out, name, value);
    }
    (void)backend_parse_ready(body, &status);
    (void)backend_parse_authentication(body, &code);
    (void)backend_parse_single_column(body, &value);
    return 0;
}
