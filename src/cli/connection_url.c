/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Only what every driver understands is in the URL: an unknown parameter is an error in libpq, and
 * postgres.js and pgx send it to the server, which rejects it.
 */
#include "cli/connection_url.h"

#include "base/buf.h"
#include "base/percent.h"
#include "config/system_trust.h"

#include <string.h>

enum { URL_MAX = 65536 }; /* a token with a long session token is less than half of that */

const char *connection_param(const dsql_params *params, const char *keyword)
{
    const char *const *keywords = dsql_params_keywords(params);
    for (size_t i = 0; keywords[i] != NULL; i++) {
        if (strcmp(keywords[i], keyword) == 0) {
            return dsql_params_values(params)[i];
        }
    }
    return "";
}

const char *connection_root_file(const dsql_params *params)
{
    const char *named = connection_param(params, "sslrootcert");
    const char *file = strcmp(named, SYSTEM_TRUST) == 0 ? system_trust_file() : NULL;
    return file == NULL ? named : file;
}

static void add_encoded(struct buf *url, const char *before, const char *value)
{
    buf_add_string(url, before);
    percent_encode(url, text_of(value));
}

/*
 * The first of several: through AWS PrivateLink there is a list of addresses, all under the same
 * host name, and a URL has room for one.
 */
static void add_first(struct buf *url, const char *before, const char *list)
{
    struct text first;
    struct text rest;
    text_cut(text_of(list), ',', &first, &rest);
    buf_add_string(url, before);
    percent_encode(url, first);
}

char *connection_url(const dsql_params *params)
{
    struct buf url AUTO_BUF;
    buf_init_secret(&url, URL_MAX);
    add_encoded(&url, "postgresql://", connection_param(params, "user"));
    add_encoded(&url, ":", connection_param(params, "password"));
    add_first(&url, "@", connection_param(params, "host"));
    add_encoded(&url, ":", connection_param(params, "port"));
    add_encoded(&url, "/", connection_param(params, "dbname"));
    add_encoded(&url, "?sslmode=", connection_param(params, "sslmode"));
    add_encoded(&url, "&sslrootcert=", connection_root_file(params));
    if (connection_param(params, "hostaddr")[0] != '\0') { /* libpq only */
        add_first(&url, "&hostaddr=", connection_param(params, "hostaddr"));
    }
    return buf_take(&url);
}
