/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the token of a container may be sent.  Every name resolves to a foreign address, so without
 * TLS only literal addresses of this machine or of an agent may be accepted.
 */
#include "base/error.h"
#include "base/memory.h"
#include "credentials/sources/agent.h"
#include "credentials/sources/container_endpoint.h"
#include "http/url.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static dsql_status resolve_elsewhere(void *arg, const char *host, struct http_addresses *out,
                                     dsql_error *err)
{
    (void)arg;
    (void)host;
    (void)err;
    out->count = 1;
    snprintf(out->address[0], HTTP_ADDRESS_SIZE, "192.0.2.1");
    return DSQL_OK;
}

static void check_full(const char *string)
{
    static const struct http http = {.resolve = resolve_elsewhere};
    struct container_endpoint endpoint;
    struct url url;
    if (container_endpoint_full(string, &http, &endpoint, NULL) != DSQL_OK) {
        return;
    }
    if (!url_parse(text_of(endpoint.url), &url) || endpoint.pinned[0] != '\0' ||
        !(url.is_https || url.is_address)) {
        __builtin_trap();
    }
}

static void check_relative(const char *string)
{
    struct container_endpoint endpoint;
    struct url url;
    if (container_endpoint_relative(string, &endpoint, NULL) == DSQL_OK &&
        (!url_parse(text_of(endpoint.url), &url) ||
         !text_equal_string(url.host, "169.254.170.2"))) {
        __builtin_trap();
    }
}

static void check_answer(struct text body)
{
    struct dsql_credentials got = {0};
    char code[AGENT_CODE_SIZE];
    if (agent_read_credentials(body, text_of("token"), "agent", &got, NULL) == SOURCE_GOT &&
        (secret_is_empty(&got.access_key_id) || secret_is_empty(&got.session_token))) {
        __builtin_trap();
    }
    agent_error_code(body, text_of("token"), code);
    credentials_clear(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *string = mem_strndup((const char *)data, size);
    if (string != NULL) {
        check_full(string);
        check_relative(string);
    }
    check_answer(text_of_bytes(data, size));
    return 0;
}
