/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster id of an interface endpoint is given in libpq's "options", which may contain other
 * settings as well.  Those stay as they are, with their quoting.
 */
#include "config/privatelink.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"

#include <stdio.h>

enum { OPTIONS_MAX = 10000 /* PostgreSQL: MAX_STARTUP_PACKET_LENGTH */ };

/* ---- The name ---- */

/* DNS names have no case, and a trailing dot is dropped. */
static bool to_lower(struct text name, char out[ENDPOINT_HOST_SIZE])
{
    if (text_ends_with(name, ".")) {
        name = text_slice(name, 0, name.len - 1);
    }
    if (!text_copy(name, out, ENDPOINT_HOST_SIZE)) {
        return false;
    }
    for (size_t i = 0; out[i] != '\0'; i++) {
        out[i] = char_to_lower(out[i]);
    }
    return true;
}

static bool is_endpoint_id(struct text label)
{
    return text_starts_with(label, "vpce-") && endpoint_is_region(label); /* same characters */
}

/* VPCE.SERVICE.REGION.vpce.amazonaws.com; name is in lower case.  The results are parts of name. */
static bool split(struct text name, struct text *service, struct text *region)
{
    struct text id;
    struct text rest;
    text_cut(name, '.', &id, &rest);
    text_cut(rest, '.', service, &rest);
    text_cut(rest, '.', region, &rest);
    bool is_dsql = text_equal_string(*service, "dsql") || text_starts_with(*service, "dsql-");
    return is_endpoint_id(id) && is_dsql && endpoint_is_region(*service) &&
           endpoint_is_region(*region) && text_equal_string(rest, "vpce.amazonaws.com");
}

bool privatelink_is_host(const char *host)
{
    char name[ENDPOINT_HOST_SIZE];
    struct text service;
    struct text region;
    return to_lower(text_of(host), name) && split(text_of(name), &service, &region);
}

/* ---- The options ---- */

/*
 * A word is unchanged, escapes included: a backslash takes the next byte with it, as in
 * PostgreSQL's pg_split_opts().
 */
static struct text next_word(struct text *rest)
{
    *rest = text_trim_start(*rest);
    size_t used = 0;
    while (used < rest->len && !char_is_space(rest->data[used])) {
        used += rest->data[used] == '\\' && used + 1 < rest->len ? 2 : 1;
    }
    struct text word = text_slice(*rest, 0, used);
    *rest = text_slice(*rest, used, rest->len);
    return word;
}

static void add_word(struct buf *out, struct text word)
{
    if (out->len > 0) {
        buf_add_char(out, ' ');
    }
    buf_add_text(out, word);
}

/* amzn-cluster-id=ID. The id is checked later, by its caller. */
static bool take_id(struct text assignment, struct text *id)
{
    struct text name;
    struct text value;
    if (!text_cut(assignment, '=', &name, &value) || !text_equal_string(name, "amzn-cluster-id")) {
        return false;
    }
    *id = value;
    return true;
}

/*
 * A word, or "-c" and the word after it.  It is either the cluster id or kept.  PostgreSQL
 * accepts "-c name=value", "-cname=value" and "--name=value".
 */
static void take_word(struct text word, struct text *rest, struct text *id, struct buf *kept)
{
    if (text_equal_string(word, "-c")) {
        struct text assignment = next_word(rest);
        if (!take_id(assignment, id)) {
            add_word(kept, word);
            add_word(kept, assignment);
        }
        return;
    }
    bool has_switch = text_starts_with(word, "-c") || text_starts_with(word, "--");
    if (!take_id(has_switch ? text_slice(word, 2, word.len) : word, id)) {
        add_word(kept, word);
    }
}

/* If only the id was given, *rest is NULL: an empty "options" would be one more parameter. */
static bool split_options(const char *options, struct text *id, char **rest)
{
    struct buf kept AUTO_BUF;
    buf_init(&kept, OPTIONS_MAX);
    struct text left = text_of(options);
    struct text word = next_word(&left);
    while (!text_is_empty(word)) {
        take_word(word, &left, id, &kept);
        word = next_word(&left);
    }
    *rest = NULL;
    if (buf_ok(&kept) && kept.len == 0) {
        return true;
    }
    *rest = buf_take(&kept);
    return *rest != NULL;
}

/* ---- Both ---- */

/* The suffix of the service ("dsql-fnh4") is part of the cluster's name in the certificate. */
static dsql_status name_cluster(struct text id, struct privatelink *link, dsql_error *err)
{
    struct text service = text_of("");
    struct text region = text_of("");
    split(text_of(link->via), &service, &region);
    int len = snprintf(link->host, sizeof link->host, "%.*s.%.*s.%.*s.on.aws", (int)id.len, id.data,
                       (int)service.len, service.data, (int)region.len, region.data);
    if (len < 0 || (size_t)len >= sizeof link->host) {
        return fail(err, DSQL_ERR_USAGE, "the host name is too long");
    }
    return DSQL_OK;
}

/* Without an id the endpoint does not identify a cluster: several clusters share it. */
dsql_status privatelink_resolve(const char *host, const char *options, struct privatelink *out,
                                dsql_error *err)
{
    struct privatelink link = {.options = NULL};
    struct text id = text_of("");
    if (!privatelink_is_host(host) || !to_lower(text_of(host), link.via)) {
        return fail(err, DSQL_ERR_USAGE, "\"%s\" is not the DNS name of an interface endpoint",
                    host);
    }
    if (!split_options(options, &id, &link.options)) {
        return fail_nomem(err);
    }
    dsql_status status = DSQL_OK;
    if (!endpoint_is_cluster_id(id)) {
        status = fail(err, DSQL_ERR_USAGE,
                      "%s is an interface endpoint, which does not identify the cluster. Add "
                      "options='-c amzn-cluster-id=ID' with its 26 characters, or turn on private "
                      "DNS and use the cluster's own name",
                      link.via);
    } else {
        status = name_cluster(id, &link, err);
    }
    if (status != DSQL_OK) {
        privatelink_clear(&link);
        return status;
    }
    *out = link;
    return DSQL_OK;
}

void privatelink_clear(struct privatelink *link)
{
    mem_free(link->options);
    link->options = NULL;
}
