/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * An absolute http: or https: URL, taken apart so strictly that no two parsers can
 * disagree on whom it names: no userinfo, no fragment, no escapes in the host, no address
 * but four decimal numbers or IPv6 in brackets.  RFC 3986, less what has been abused.
 */
#ifndef DSQL_HTTP_URL_H
#define DSQL_HTTP_URL_H

#include "base/text.h"

struct url {
    bool is_https;
    struct text host; /* without brackets; as it was written */
    bool is_address;  /* the host is numeric, as inet_pton() reads it */
    int port;         /* 80 or 443 when it is not written */
    struct text path; /* with the query; empty, or beginning with '/' or '?' */
};

/** False: no such URL.  The texts are parts of the one given. */
bool url_parse(struct text text, struct url *out) __attribute__((warn_unused_result));

#endif
