/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file of a proxy, and the clusters in it.  A name is never empty and has no
 * blanks, and what is not a cluster has an error with words.
 */
#include "cli/proxy_config.h"
#include "cli/proxy_target.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_target(struct text text)
{
    struct proxy_target target;
    dsql_error err = {0};
    dsql_status status = proxy_target_parse(text, &target, &err);
    if ((status == DSQL_OK) != (err.message[0] == '\0') ||
        (status == DSQL_OK && (target.host == NULL || strlen(target.host) > text.len))) {
        abort();
    }
    proxy_target_clear(&target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_config config = {.rest = text_of_bytes(data, size)};
    struct proxy_config_line line;
    int last = 0;
    while (proxy_config_next(&config, &line)) {
        size_t blank = 0;
        if (text_is_empty(line.name) || text_find(line.name, ' ', &blank) || config.line <= last) {
            abort();
        }
        last = config.line;
        read_target(line.value);
    }
    read_target(text_of_bytes(data, size));
    return 0;
}
