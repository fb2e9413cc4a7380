/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Clients of PostgreSQL find a Unix socket by its name, so the name has the port. */
#include "cli/proxy_sockets.h"

#include "base/error.h"
#include "base/text.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

/* The path need not end with NUL (unix(7)). */
static dsql_status read_path(const struct sockaddr_un *address, socklen_t size,
                             struct proxy_socket *out, dsql_error *err)
{
    static const char prefix[] = ".s.PGSQL.";
    size_t max = size > offsetof(struct sockaddr_un, sun_path)
                     ? size - offsetof(struct sockaddr_un, sun_path)
                     : 0;
    struct text path = text_of_bytes(address->sun_path, max);
    size_t len = path.len;
    int64_t port = 0;
    if (text_find(path, '\0', &len)) {
        path = text_slice(path, 0, len);
    }
    struct text name = path;
    for (size_t slash = 0; text_find(name, '/', &slash);) {
        name = text_slice(name, slash + 1, name.len);
    }
    if (!text_starts_with(name, prefix) ||
        !text_to_int64(text_slice(name, sizeof prefix - 1, name.len), 1, UINT16_MAX, &port)) {
        return fail(err, DSQL_ERR_USAGE,
                    "the Unix socket \"%.*s\" of the service manager must be called .s.PGSQL.PORT",
                    (int)path.len, path.data);
    }
    out->is_unix = true;
    out->port = (int)port;
    return DSQL_OK;
}

static bool is_loopback_v6(const struct in6_addr *address)
{
    bool is_mapped = IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(address) || is_mapped;
}

static dsql_status read_address(int fd, struct proxy_socket *out, dsql_error *err)
{
    union address address = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t size = sizeof address;
    *out = (struct proxy_socket){.fd = fd};
    if (getsockname(fd, &address.any, &size) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not prepare descriptor %d", fd);
    }
    switch (address.any.sa_family) {
    case AF_UNIX:
        return read_path(&address.local, size, out, err);
    case AF_INET:
        out->port = ntohs(address.v4.sin_port);
        out->is_loopback = ntohl(address.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
        return DSQL_OK;
    case AF_INET6:
        out->port = ntohs(address.v6.sin6_port);
        out->is_loopback = is_loopback_v6(&address.v6.sin6_addr);
        return DSQL_OK;
    default:
        return fail(err, DSQL_ERR_USAGE,
                    "descriptor %d, passed by the service manager, is not a socket of TCP or Unix",
                    fd);
    }
}

dsql_status proxy_sockets_take(struct proxy_sockets *out, const struct service_variables *variables,
                               int first, dsql_error *err)
{
    struct service_sockets taken;
    out->count = 0;
    dsql_status status = service_sockets_take(&taken, variables, first, err);
    for (int i = 0; status == DSQL_OK && i < taken.count; i++) {
        status = read_address(taken.sockets[i].fd, &out->sockets[i], err);
        out->count++;
    }
    return status;
}
