/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A value is all that follows the name, without the blanks around it; nothing is quoted. */
#include "cli/proxy_config.h"

/* text_trim() leaves the vertical tab and the form feed, which would be an empty name. */
static struct text without_indent(struct text line)
{
    while (!text_is_empty(line) && char_is_space(line.data[0])) {
        line = text_slice(line, 1, line.len);
    }
    return line;
}

static void split(struct text line, struct proxy_config_line *out)
{
    size_t len = 0;
    while (len < line.len && !char_is_space(line.data[len])) {
        len++;
    }
    out->name = text_slice(line, 0, len);
    out->value = text_trim(text_slice(line, len, line.len));
}

bool proxy_config_next(struct proxy_config *config, struct proxy_config_line *out)
{
    struct text line;
    while (text_next_line(&config->rest, &line)) {
        config->line++;
        line = without_indent(text_trim(line));
        if (!text_is_empty(line) && line.data[0] != '#') {
            split(line, out);
            return true;
        }
    }
    return false;
}
