/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of the container credentials endpoint, as in the AWS SDKs and Tools Reference Guide,
 * "Container credential provider".  Addresses are compared as numbers and never as text: an IPv6
 * address has several spellings, and "127.0.0.1.example.com" begins like an address.
 */
#include "credentials/sources/container_endpoint.h"

#include "base/error.h"
#include "http/url.h"

#include <arpa/inet.h>
#include <string.h>

#define RELATIVE_VARIABLE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_VARIABLE     "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define ECS_AGENT         "169.254.170.2"

enum { LOOPBACK_NETWORK = 127, HOST_SIZE = 254 };

/* An IPv4 address inside an IPv6 one (::ffff:127.0.0.1) is not accepted. */
static bool is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == LOOPBACK_NETWORK;
    }
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* inet_pton() fills the first bytes; both arrays are zero after them, so all can be compared. */
static bool is_same_address(const char *address, const char *known)
{
    unsigned char a[sizeof(struct in6_addr)] = {0};
    unsigned char b[sizeof(struct in6_addr)] = {0};
    int family = strchr(known, ':') == NULL ? AF_INET : AF_INET6;
    return inet_pton(family, address, a) == 1 && inet_pton(family, known, b) == 1 &&
           text_equal(text_of_bytes(a, sizeof a), text_of_bytes(b, sizeof b));
}

/* The agent of ECS, and that of EKS Pod Identity over IPv4 and IPv6. */
static bool is_agent(const char *address)
{
    static const char *const agents[] = {ECS_AGENT, "169.254.170.23", "fd00:ec2::23"};
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++) {
        if (is_same_address(address, agents[i])) {
            return true;
        }
    }
    return false;
}

static dsql_status refuse_host(const char *host, const char *why, dsql_error *err)
{
    return fail(err, DSQL_ERR_CREDENTIALS,
                FULL_VARIABLE
                " must not send its token to \"%s\" without encryption: %s. Use https",
                host, why);
}

/* A name without any address is not accepted. */
static bool are_loopback(const struct http_addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++) {
        if (!is_loopback(addresses->address[i])) {
            return false;
        }
    }
    return addresses->count > 0;
}

/* All addresses are kept, so that "localhost" works if the agent listens on one of them only. */
static bool pin_all(const struct http_addresses *addresses, struct container_endpoint *out)
{
    struct buf list AUTO_BUF;
    buf_init(&list, sizeof out->pinned - 1);
    for (size_t i = 0; i < addresses->count; i++) {
        buf_printf(&list, "%s%s", i == 0 ? "" : ",", addresses->address[i]);
    }
    return buf_ok(&list) && text_copy(buf_text(&list), out->pinned, sizeof out->pinned);
}

/* Every address must be on this machine, because libcurl chooses which one it uses. */
static dsql_status check_name(const char *host, const struct http *http,
                              struct container_endpoint *out, dsql_error *err)
{
    struct http_addresses addresses;
    dsql_status status = http_resolve(http, host, &addresses, err);
    if (status != DSQL_OK) {
        return status;
    }
    if (!are_loopback(&addresses)) {
        return refuse_host(host, "it is not this machine", err);
    }
    return pin_all(&addresses, out) ? DSQL_OK : fail_nomem(err);
}

static dsql_status check_host(const struct url *url, const struct http *http,
                              struct container_endpoint *out, dsql_error *err)
{
    char host[HOST_SIZE];
    if (url->is_https) {
        return DSQL_OK; /* TLS verifies the server */
    }
    if (!text_copy(url->host, host, sizeof host)) {
        return refuse_host("", "its name is too long", err);
    }
    if (!url->is_address) {
        return check_name(host, http, out, err);
    }
    return is_loopback(host) || is_agent(host)
               ? DSQL_OK
               : refuse_host(host, "it is neither this machine nor an agent", err);
}

dsql_status container_endpoint_full(const char *url, const struct http *http,
                                    struct container_endpoint *out, dsql_error *err)
{
    struct url parsed;
    struct text text = text_trim(text_of(url));
    *out = (struct container_endpoint){0};
    if (!text_copy(text, out->url, sizeof out->url) || !url_parse(text, &parsed)) {
        return fail(err, DSQL_ERR_CREDENTIALS,
                    FULL_VARIABLE " must be a URL, such as http://localhost:8080/credentials");
    }
    return check_host(&parsed, http, out, err);
}

/*
 * The path must begin with "/": otherwise "@host" or ".host" after the address would make the
 * request go elsewhere.
 */
dsql_status container_endpoint_relative(const char *path, struct container_endpoint *out,
                                        dsql_error *err)
{
    struct url parsed;
    struct buf url AUTO_BUF;
    struct text text = text_trim(text_of(path));
    *out = (struct container_endpoint){0};
    buf_init(&url, sizeof out->url - 1);
    buf_add_string(&url, "http://" ECS_AGENT);
    buf_add_text(&url, text);
    if (!text_starts_with(text, "/") || !buf_ok(&url) || !url_parse(buf_text(&url), &parsed) ||
        !text_copy(buf_text(&url), out->url, sizeof out->url)) {
        return fail(err, DSQL_ERR_CREDENTIALS,
                    RELATIVE_VARIABLE " must be a path, such as /v2/...");
    }
    return DSQL_OK;
}
