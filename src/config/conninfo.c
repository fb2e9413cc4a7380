/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar is that of libpq's conninfo_parse() and conninfo_uri_parse() (fe-connect.c),
 * with fewer forms: one host, no IPv6 address, no password.
 *
 * This file does not know which keywords are allowed: keywords.c checks the whole list
 * afterwards.  No message contains a value, because a mistyped string may have a password
 * anywhere.
 */
#include "config/conninfo.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/percent.h"
#include "config/keywords.h"

/* The limit keeps the linear search of the list short for a string from outside. */
static dsql_status put(struct pair_list *out, struct text keyword, struct text value,
                       dsql_error *err)
{
    if (out->count >= CONNINFO_MAX_PAIRS) {
        return fail(err, DSQL_ERR_USAGE, "the connection string has more than %d keywords",
                    CONNINFO_MAX_PAIRS);
    }
    return pairs_set(out, keyword_canonical(keyword), value) ? DSQL_OK : fail_nomem(err);
}

/* ---- URIs ---- */

/* %00 is refused as in libpq: the value would end there. */
static dsql_status decode(struct buf *out, struct text text, const char *what, dsql_error *err)
{
    if (!percent_decode(out, text)) {
        return fail(err, DSQL_ERR_USAGE,
                    "the %s in the URI has a '%%' that is not followed by two hex digits (or %%00)",
                    what);
    }
    return buf_ok(out) ? DSQL_OK : fail_nomem(err);
}

/*
 * An empty part of a URI counts as missing, so "postgres://:5432/" takes the host from elsewhere.
 */
static dsql_status put_decoded(struct pair_list *out, const char *keyword, struct text value,
                               dsql_error *err)
{
    if (text_is_empty(value)) {
        return DSQL_OK;
    }
    struct buf decoded AUTO_BUF;
    buf_init_secret(&decoded, CONNINFO_MAX_LENGTH);
    dsql_status status = decode(&decoded, value, keyword, err);
    return status == DSQL_OK ? put(out, text_of(keyword), buf_text(&decoded), err) : status;
}

/* An empty password ("user:@host") is accepted, because libpq treats it as none. */
static dsql_status parse_userinfo(struct text userinfo, struct pair_list *out, dsql_error *err)
{
    struct text user;
    struct text password;
    text_cut(userinfo, ':', &user, &password);
    if (!text_is_empty(password)) {
        return fail(err, DSQL_ERR_USAGE,
                    "the URI contains a password. Remove it: the token is the password");
    }
    return put_decoded(out, "user", user, err);
}

/*
 * The first '@' ends the user, as in libpq: an unescaped '@' in a name is then part of the host
 * and is refused there.
 */
static dsql_status parse_authority(struct text authority, struct pair_list *out, dsql_error *err)
{
    struct text userinfo;
    struct text hostport;
    struct text host;
    struct text port;
    if (text_cut(authority, '@', &userinfo, &hostport)) {
        dsql_status status = parse_userinfo(userinfo, out, err);
        if (status != DSQL_OK) {
            return status;
        }
    } else {
        hostport = authority;
    }
    if (text_starts_with(hostport, "[")) {
        return fail(err, DSQL_ERR_USAGE,
                    "the host in the URI is an IPv6 address; a DSQL endpoint is a DNS name");
    }
    text_cut(hostport, ':', &host, &port);
    dsql_status status = put_decoded(out, "host", host, err);
    return status == DSQL_OK ? put_decoded(out, "port", port, err) : status;
}

/* Both sides are decoded after they were split, so an encoded '=' or '&' is part of a value. */
static dsql_status parse_parameter(struct text parameter, struct pair_list *out, dsql_error *err)
{
    struct text raw_keyword;
    struct text raw_value;
    if (!text_cut(parameter, '=', &raw_keyword, &raw_value) || text_is_empty(raw_keyword)) {
        return fail(err, DSQL_ERR_USAGE, "a query parameter of the URI is not KEYWORD=VALUE");
    }
    struct buf keyword AUTO_BUF;
    struct buf value AUTO_BUF;
    buf_init_secret(&keyword, CONNINFO_MAX_LENGTH);
    buf_init_secret(&value, CONNINFO_MAX_LENGTH);
    dsql_status status = decode(&keyword, raw_keyword, "query", err);
    if (status == DSQL_OK) {
        status = decode(&value, raw_value, "query", err);
    }
    return status == DSQL_OK ? put(out, buf_text(&keyword), buf_text(&value), err) : status;
}

/* Empty parameters are skipped: "?a=b&" is common in generated strings. */
static dsql_status parse_query(struct text query, struct pair_list *out, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    while (status == DSQL_OK && !text_is_empty(query)) {
        struct text parameter;
        text_cut(query, '&', &parameter, &query);
        if (!text_is_empty(parameter)) {
            status = parse_parameter(parameter, out, err);
        }
    }
    return status;
}

/* The query is cut off first, because a '/' may occur in it. */
static dsql_status parse_uri(struct text after_scheme, struct pair_list *out, dsql_error *err)
{
    struct text hierarchy;
    struct text query;
    struct text authority;
    struct text path;
    text_cut(after_scheme, '?', &hierarchy, &query);
    text_cut(hierarchy, '/', &authority, &path);
    dsql_status status = parse_authority(authority, out, err);
    if (status == DSQL_OK) {
        status = put_decoded(out, "dbname", path, err);
    }
    return status == DSQL_OK ? parse_query(query, out, err) : status;
}

/* RFC 3986, section 3.1, without the rule about the first character. */
static bool is_scheme(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!char_is_alnum(c) && c != '+' && c != '-' && c != '.') {
            return false;
        }
    }
    return text.len > 0;
}

/*
 * SCHEME "://" REST, whatever the scheme.  A wrong one is reported as such and not parsed as
 * keywords.
 */
static bool split_scheme(struct text text, struct text *scheme, struct text *after)
{
    struct text rest;
    if (!text_cut(text, ':', scheme, &rest) || !is_scheme(*scheme) ||
        !text_starts_with(rest, "//")) {
        return false;
    }
    *after = text_slice(rest, 2, rest.len);
    return true;
}

static bool is_our_scheme(struct text scheme)
{
    return text_equal_nocase(scheme, text_of("postgres")) ||
           text_equal_nocase(scheme, text_of("postgresql")) ||
           text_equal_nocase(scheme, text_of("dsql"));
}

/* "jdbc:postgresql://..." has no "//" after its first colon, so it is not a URI to split_scheme().
 */
static bool is_jdbc(struct text text)
{
    static const char prefix[] = "jdbc:";
    return text_equal_nocase(text_slice(text, 0, sizeof prefix - 1), text_of(prefix));
}

/* ---- keyword = value ---- */

static char take_char(struct text *rest)
{
    char c = rest->data[0];
    *rest = text_slice(*rest, 1, rest->len);
    return c;
}

/* Up to white space or '='. */
static struct text take_keyword(struct text *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != '=' && !char_is_space(rest->data[len])) {
        len++;
    }
    struct text keyword = text_slice(*rest, 0, len);
    *rest = text_trim_start(text_slice(*rest, len, rest->len));
    return keyword;
}

/* Inside quotes a backslash makes any character literal, as in conninfo_parse(). */
static dsql_status take_quoted(struct text *rest, struct buf *value, dsql_error *err)
{
    while (!text_is_empty(*rest)) {
        char c = take_char(rest);
        if (c == '\'') {
            return DSQL_OK;
        }
        if (c == '\\' && !text_is_empty(*rest)) {
            c = take_char(rest);
        }
        buf_add_char(value, c);
    }
    return fail(err, DSQL_ERR_USAGE, "a quoted value in the connection string is not terminated");
}

static void take_plain(struct text *rest, struct buf *value)
{
    while (!text_is_empty(*rest) && !char_is_space(rest->data[0])) {
        char c = take_char(rest);
        if (c == '\\') { /* a lone one at the end means nothing, as in libpq */
            if (text_is_empty(*rest)) {
                return;
            }
            c = take_char(rest);
        }
        buf_add_char(value, c);
    }
}

static dsql_status take_value(struct text *rest, struct buf *value, dsql_error *err)
{
    *rest = text_trim_start(*rest);
    if (text_starts_with(*rest, "'")) {
        take_char(rest);
        return take_quoted(rest, value, err);
    }
    take_plain(rest, value);
    return DSQL_OK;
}

/* White space may surround the '='. */
static dsql_status parse_pair(struct text *rest, struct pair_list *out, dsql_error *err)
{
    struct text keyword = take_keyword(rest);
    if (text_is_empty(keyword) || !text_starts_with(*rest, "=")) {
        return fail(err, DSQL_ERR_USAGE,
                    "the connection string is neither a URI, nor a host, nor KEYWORD=VALUE pairs");
    }
    take_char(rest);
    struct buf value AUTO_BUF;
    buf_init_secret(&value, CONNINFO_MAX_LENGTH);
    dsql_status status = take_value(rest, &value, err);
    if (status != DSQL_OK) {
        return status;
    }
    return buf_ok(&value) ? put(out, keyword, buf_text(&value), err) : fail_nomem(err);
}

static dsql_status parse_pairs(struct text rest, struct pair_list *out, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    while (status == DSQL_OK && !text_is_empty(rest)) {
        status = parse_pair(&rest, out, err);
        rest = text_trim_start(rest);
    }
    return status;
}

/* A text without '=' is a host name. libpq itself would reject it. */
dsql_status conninfo_parse(struct text conninfo, struct pair_list *out, dsql_error *err)
{
    if (conninfo.len > CONNINFO_MAX_LENGTH || text_find(conninfo, '\0', &(size_t){0})) {
        return fail(err, DSQL_ERR_USAGE,
                    "the connection string is too long, or contains a NUL byte");
    }
    struct text text = text_trim(conninfo);
    struct text scheme;
    struct text after;
    if (is_jdbc(text)) {
        return fail(err, DSQL_ERR_USAGE,
                    "a jdbc: connection string is not understood; write "
                    "postgresql://ROLE@HOST:5432/postgres instead");
    }
    if (split_scheme(text, &scheme, &after)) {
        if (!is_our_scheme(scheme)) {
            return fail(err, DSQL_ERR_USAGE,
                        "the URI must begin with postgres://, postgresql:// or dsql://");
        }
        return parse_uri(after, out, err);
    }
    if (text_is_empty(text) || text_contains(text, "=")) {
        return parse_pairs(text_trim_start(conninfo), out, err);
    }
    return put(out, text_of("host"), text, err);
}
