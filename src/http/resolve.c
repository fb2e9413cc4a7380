/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * getaddrinfo(), for TCP and every family.  The result is numeric, so that libcurl can be given
 * the addresses that were checked.
 */
#include "http/resolve.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <netdb.h>

/* False also for a family that is neither IPv4 nor IPv6: it could not be checked. */
static bool add_address(const struct addrinfo *entry, struct http_addresses *out)
{
    const void *bytes = NULL;
    if (out->count == HTTP_MAX_ADDRESSES) {
        return false;
    }
    if (entry->ai_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)entry->ai_addr)->sin_addr;
    } else if (entry->ai_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)entry->ai_addr)->sin6_addr;
    }
    char *place = out->address[out->count];
    if (bytes == NULL || inet_ntop(entry->ai_family, bytes, place, HTTP_ADDRESS_SIZE) == NULL) {
        return false;
    }
    out->count++;
    return true;
}

/* All or none: an address that did not fit would be used without a check. */
dsql_status resolve_system(void *arg, const char *host, struct http_addresses *out, dsql_error *err)
{
    (void)arg;
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int failure = getaddrinfo(host, NULL, &hints, &list);
    if (failure != 0) {
        return fail(err, DSQL_ERR_CONNECT, "could not resolve \"%s\": %s", host,
                    gai_strerror(failure));
    }
    bool is_whole = true;
    for (const struct addrinfo *entry = list; entry != NULL && is_whole; entry = entry->ai_next) {
        is_whole = add_address(entry, out);
    }
    freeaddrinfo(list);
    return is_whole ? DSQL_OK
                    : fail(err, DSQL_ERR_CONNECT, "\"%s\" has more than %d addresses", host,
                           HTTP_MAX_ADDRESSES);
}
