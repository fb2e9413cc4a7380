/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Clusters reached through an interface endpoint (AWS PrivateLink) without private DNS.
 * AWS documents it as host=vpce-....dsql-fnh4.us-east-1.vpce.amazonaws.com with
 * options='-c amzn-cluster-id=ID', and gives up verifying the server's name.  The name
 * that private DNS would have, ID.dsql-fnh4.us-east-1.on.aws, is in the certificate: it
 * becomes the host, and the endpoint's name only says where to connect to.
 */
#ifndef DSQL_CONFIG_PRIVATELINK_H
#define DSQL_CONFIG_PRIVATELINK_H

#include "config/endpoint.h"

#include <dsql.h>

struct privatelink {
    char via[ENDPOINT_HOST_SIZE];  /* the endpoint's own name, lower case; resolved to connect */
    char host[ENDPOINT_HOST_SIZE]; /* the name of its cluster */
    char *options;                 /* what is left of libpq's options; NULL: nothing */
};

/** True for vpce-....dsql[-SUFFIX].REGION.vpce.amazonaws.com, in any case.  NULL is not one. */
bool privatelink_is_host(const char *host);

/**
 * options is the value of libpq's keyword and may be NULL. Fills *out on DSQL_OK only; then
 * privatelink_clear() frees what it owns.
 */
dsql_status privatelink_resolve(const char *host, const char *options, struct privatelink *out,
                                dsql_error *err);

void privatelink_clear(struct privatelink *link);

#endif
