/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The only name lookup of this folder, for interface endpoints.  libpq resolves ordinary hosts
 * itself.
 */
#include "connect/resolver.h"

#include "base/error.h"
#include "connect/file_failure.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

/*
 * Addresses above ADDRESSES_MAX are left out: no interface endpoint has that many, and libpq
 * would try them one after the other.
 */
static void add_address(struct addresses *out, const struct addrinfo *info)
{
    if (out->count < ADDRESSES_MAX &&
        getnameinfo(info->ai_addr, info->ai_addrlen, out->items[out->count], ADDRESS_SIZE, NULL, 0,
                    NI_NUMERICHOST) == 0) {
        out->count++;
    }
}

/* Without a descriptor the system does not find its servers, and reports an unknown name. */
static dsql_status fail_lookup(const char *name, int failure, dsql_error *err)
{
    int os_errno = failure == EAI_SYSTEM ? errno : file_failure_no_descriptor();
    if (os_errno != 0) {
        errno = os_errno;
        return fail_errno(err, DSQL_ERR_CONNECT, "could not resolve the host name %s", name);
    }
    fail(err, DSQL_ERR_CONNECT, "could not resolve the host name %s: %s", name,
         gai_strerror(failure));
    if (err != NULL && failure == EAI_AGAIN) {
        err->is_transient = 1;
    }
    return DSQL_ERR_CONNECT;
}

/* A socket type is given so that each address is listed once and not once for each type. */
static dsql_status system_lookup(void *arg, const char *name, struct addresses *out,
                                 dsql_error *err)
{
    (void)arg;
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(name, NULL, &wanted, &found);
    if (failure != 0) {
        return fail_lookup(name, failure, err);
    }
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next) {
        add_address(out, info);
    }
    freeaddrinfo(found);
    return DSQL_OK;
}

const struct resolver *resolver_system(void)
{
    static const struct resolver system = {.lookup = system_lookup};
    return &system;
}

dsql_status resolver_lookup(const struct resolver *resolver, const char *name,
                            struct addresses *out, dsql_error *err)
{
    out->count = 0;
    dsql_status status = resolver->lookup(resolver->arg, name, out, err);
    if (status == DSQL_OK && out->count == 0) {
        return fail(err, DSQL_ERR_CONNECT, "the host name %s has no address", name);
    }
    return status;
}
