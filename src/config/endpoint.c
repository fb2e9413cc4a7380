/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A host or a region that passes here becomes part of a signed URL and of a TLS server name, so
 * only the characters of DNS names are accepted.  No name is resolved here.
 */
#include "config/endpoint.h"

#include "base/error.h"
#include "config/environment.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 63 }; /* bytes: RFC 1035, section 2.3.4 */

bool endpoint_is_cluster_id(struct text host)
{
    if (host.len != CLUSTER_ID_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (!char_is_lower(host.data[i]) && !char_is_digit(host.data[i])) {
            return false;
        }
    }
    return true;
}

bool endpoint_is_region(struct text region)
{
    if (region.len == 0 || region.len > LABEL_MAX || region.data[0] == '-' ||
        region.data[region.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < region.len; i++) {
        char c = region.data[i];
        if (!char_is_lower(c) && !char_is_digit(c) && c != '-') {
            return false;
        }
    }
    return true;
}

/* "dsql", or "dsql-SUFFIX" as PrivateLink names have it. */
static bool is_service_label(struct text label)
{
    return text_equal_string(label, "dsql") ||
           (text_starts_with(label, "dsql-") && endpoint_is_region(label));
}

/*
 * The whole name must fit.  A longer one, such as x.dsql.us-east-1.on.aws.example.com, belongs to
 * somebody else.
 */
bool endpoint_region_of_host(struct text host, struct text *region)
{
    struct text cluster;
    struct text service;
    struct text label;
    struct text rest;
    text_cut(host, '.', &cluster, &rest);
    text_cut(rest, '.', &service, &rest);
    text_cut(rest, '.', &label, &rest);
    if (text_is_empty(cluster) || !is_service_label(service) || !endpoint_is_region(label) ||
        !text_equal_string(rest, "on.aws")) {
        return false;
    }
    *region = label;
    return true;
}

/* The message never contains the host: if it has such characters, it may contain a password. */
static dsql_status check_host_character(char c, dsql_error *err)
{
    switch (c) {
    case ':':
        return fail(err, DSQL_ERR_USAGE,
                    "host must be a bare DNS name, without scheme, port or IPv6 address");
    case '@':
        return fail(err, DSQL_ERR_USAGE, "host must be a bare DNS name, without user and '@'");
    case '=':
        return fail(err, DSQL_ERR_USAGE,
                    "host must be a bare DNS name, and not a connection string");
    default:
        break;
    }
    if (char_is_alnum(c) || c == '.' || c == '-' || c == '_') {
        return DSQL_OK;
    }
    if (char_is_control(c) || char_is_space(c)) {
        return fail(err, DSQL_ERR_USAGE, "the host name contains a space or control character");
    }
    if ((unsigned char)c >= 0x80) {
        return fail(err, DSQL_ERR_USAGE, "the host name contains a byte that is not ASCII");
    }
    return fail(err, DSQL_ERR_USAGE, "host must be a bare DNS name, but contains '%c'", c);
}

/* The characters that explain the mistake best come first: in "user:secret@host" that is '@'. */
static dsql_status check_host_characters(const char *host, dsql_error *err)
{
    static const char telling[] = "@:=";
    for (size_t i = 0; telling[i] != '\0'; i++) {
        if (strchr(host, telling[i]) != NULL) {
            return check_host_character(telling[i], err);
        }
    }
    struct text text = text_of(host);
    for (size_t i = 0; i < text.len; i++) {
        dsql_status status = check_host_character(text.data[i], err);
        if (status != DSQL_OK) {
            return status;
        }
    }
    return DSQL_OK;
}

/* An underscore is accepted, unlike in RFC 1123, because private DNS zones use it. */
static bool is_label(struct text label)
{
    return label.len > 0 && label.len <= LABEL_MAX && label.data[0] != '-' &&
           label.data[label.len - 1] != '-';
}

/* Catches empty labels ("a..b"), which the check of the characters does not see. */
static bool has_good_labels(struct text host)
{
    struct text label;
    struct text rest = host;
    bool more = true;
    while (more) {
        more = text_cut(rest, '.', &label, &rest);
        if (!is_label(label)) {
            return false;
        }
    }
    return true;
}

/*
 * Copies in lower case and without the trailing dot, so that a host has one spelling in the
 * signature, in TLS and in messages.
 */
static dsql_status copy_host(const char *host, char out[ENDPOINT_HOST_SIZE], dsql_error *err)
{
    dsql_status status = check_host_characters(host, err);
    if (status != DSQL_OK) {
        return status;
    }
    struct text name = text_of(host);
    if (text_ends_with(name, ".")) {
        name = text_slice(name, 0, name.len - 1);
    }
    if (!text_copy(name, out, ENDPOINT_HOST_SIZE)) {
        return fail(err, DSQL_ERR_USAGE, "the host name is longer than %d characters",
                    ENDPOINT_HOST_SIZE - 1);
    }
    if (!has_good_labels(name)) {
        return fail(err, DSQL_ERR_USAGE, "\"%s\" is not a DNS name", host);
    }
    for (size_t i = 0; out[i] != '\0'; i++) {
        out[i] = char_to_lower(out[i]);
    }
    return DSQL_OK;
}

/* source is where the region came from, for the message. */
static dsql_status copy_region(struct text region, const char *source,
                               char out[ENDPOINT_REGION_SIZE], dsql_error *err)
{
    region = text_trim(region);
    if (!endpoint_is_region(region) || !text_copy(region, out, ENDPOINT_REGION_SIZE)) {
        return fail(err, DSQL_ERR_USAGE,
                    "the region from %s is not valid: it may contain only lower-case letters, "
                    "digits and '-'",
                    source);
    }
    return DSQL_OK;
}

/*
 * Leaves *out empty if none of them has a region.  The host name precedes the environment: a
 * token for another region than the host's is never valid.
 */
static dsql_status find_region(const char *host, const char *region, char out[ENDPOINT_REGION_SIZE],
                               dsql_error *err)
{
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    if (!text_is_empty(text_trim(text_of(region)))) {
        return copy_region(text_of(region), "the options", out, err);
    }
    struct text of_host;
    if (endpoint_region_of_host(text_of(host), &of_host)) {
        return copy_region(of_host, "the host name", out, err);
    }
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = environment_get(variables[i]);
        if (value != NULL) {
            return copy_region(text_of(value), variables[i], out, err);
        }
    }
    return DSQL_OK;
}

/* Without a region an id stays as it is, until endpoint_complete(). */
static dsql_status expand_cluster_id(struct endpoint *endpoint, dsql_error *err)
{
    char id[CLUSTER_ID_LENGTH + 1];
    if (endpoint->region[0] == '\0' || !endpoint_is_cluster_id(text_of(endpoint->host)) ||
        !text_copy(text_of(endpoint->host), id, sizeof id)) {
        return DSQL_OK;
    }
    int len =
        snprintf(endpoint->host, sizeof endpoint->host, "%s.dsql.%s.on.aws", id, endpoint->region);
    if (len < 0 || (size_t)len >= sizeof endpoint->host) {
        return fail(err, DSQL_ERR_USAGE, "the host name is too long");
    }
    return DSQL_OK;
}

dsql_status endpoint_resolve(const char *host, const char *region, struct endpoint *out,
                             dsql_error *err)
{
    if (text_is_empty(text_of(host))) {
        return fail(err, DSQL_ERR_USAGE,
                    "no host: give the cluster's endpoint or id, or set PGHOST");
    }
    struct endpoint endpoint = {0};
    dsql_status status = copy_host(host, endpoint.host, err);
    if (status == DSQL_OK) {
        status = find_region(endpoint.host, region, endpoint.region, err);
    }
    if (status == DSQL_OK) {
        status = expand_cluster_id(&endpoint, err);
    }
    if (status == DSQL_OK) {
        *out = endpoint;
    }
    return status;
}

/* *endpoint changes only on success. */
dsql_status endpoint_complete(struct endpoint *endpoint, struct text region, const char *source,
                              dsql_error *err)
{
    struct endpoint complete = *endpoint;
    dsql_status status = copy_region(region, source, complete.region, err);
    if (status == DSQL_OK) {
        status = expand_cluster_id(&complete, err);
    }
    if (status == DSQL_OK) {
        *endpoint = complete;
    }
    return status;
}

/*
 * Unlike a connection, this function has no profile and no instance to ask, so a cluster id
 * without a region is an error.
 */
dsql_status dsql_endpoint_resolve(const char *host, const char *region, dsql_endpoint *out,
                                  dsql_error *err)
{
    struct endpoint endpoint = {0};
    if (out == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_endpoint_resolve() needs an endpoint to fill in");
    }
    dsql_status status = endpoint_resolve(host, region, &endpoint, err);
    if (status != DSQL_OK) {
        return status;
    }
    if (endpoint.region[0] == '\0' && endpoint_is_cluster_id(text_of(endpoint.host))) {
        return fail(err, DSQL_ERR_TOKEN,
                    "no region: the cluster id %s does not include one. Give a region, or set "
                    "AWS_REGION",
                    endpoint.host);
    }
    dsql_endpoint made = {0};
    text_copy(text_of(endpoint.host), made.host, sizeof made.host); /* of the same sizes */
    text_copy(text_of(endpoint.region), made.region, sizeof made.region);
    *out = made;
    return DSQL_OK;
}
