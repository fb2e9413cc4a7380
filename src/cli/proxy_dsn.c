/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Slashes in the query stay as they are: RFC 3986 allows them, and the path can be read. */
#include "cli/proxy_dsn.h"

#include "base/percent.h"

#include <string.h>

const char *proxy_dsn_address(const char *listen_address)
{
    if (strcmp(listen_address, "0.0.0.0") == 0) {
        return "127.0.0.1";
    }
    return strcmp(listen_address, "::") == 0 ? "::1" : listen_address;
}

static void add_path(struct buf *out, const char *path)
{
    struct text rest = text_of(path);
    struct text part;
    bool has_more = true;
    while (has_more) {
        has_more = text_cut(rest, '/', &part, &rest);
        percent_encode(out, part);
        if (has_more) {
            buf_add_char(out, '/');
        }
    }
}

static void add_address(struct buf *out, const struct proxy_dsn *dsn)
{
    const char *address = proxy_dsn_address(dsn->address);
    bool is_v6 = strchr(address, ':') != NULL;
    buf_printf(out, is_v6 ? "[%s]:%d" : "%s:%d", address, dsn->port);
}

void proxy_dsn_write(struct buf *out, const struct proxy_dsn *dsn)
{
    buf_add_string(out, "postgresql://");
    percent_encode(out, text_of(dsn->user == NULL ? PROXY_DSN_USER : dsn->user));
    if (dsn->password != NULL) {
        buf_add_char(out, ':');
        percent_encode(out, text_of(dsn->password));
    }
    buf_add_char(out, '@');
    if (dsn->directory == NULL) {
        add_address(out, dsn);
    }
    buf_add_char(out, '/');
    percent_encode(out, text_of(dsn->dbname == NULL ? PROXY_DSN_DBNAME : dsn->dbname));
    if (dsn->directory != NULL) {
        buf_add_string(out, "?host=");
        add_path(out, dsn->directory);
        buf_printf(out, "&port=%d", dsn->port);
    }
}
