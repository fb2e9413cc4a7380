/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Host names to addresses, behind an interface so that tests need no DNS. */
#ifndef DSQL_CONNECT_RESOLVER_H
#define DSQL_CONNECT_RESOLVER_H

#include <dsql.h>

#include <stddef.h>

enum {
    ADDRESSES_MAX = 16,
    ADDRESS_SIZE = 64 /* an IPv6 address with a scope */
};

/** Numeric, IPv4 or IPv6, in the order to try them. */
struct addresses {
    char items[ADDRESSES_MAX][ADDRESS_SIZE];
    size_t count;
};

/**
 * lookup fills in what it found, and may find nothing; resolver_lookup() makes an error of that.
 * It may be called on several threads at once.
 */
struct resolver {
    dsql_status (*lookup)(void *arg, const char *name, struct addresses *out, dsql_error *err);
    void *arg;
};

/** getaddrinfo().  A constant.  Blocks for as long as the system's resolver does. */
const struct resolver *resolver_system(void);

/** At least one address on DSQL_OK. */
dsql_status resolver_lookup(const struct resolver *resolver, const char *name,
                            struct addresses *out, dsql_error *err);

#endif
