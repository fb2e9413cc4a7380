/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Cluster endpoints: what a host name says about cluster and region.
 * Service names: AWS General Reference, "Amazon Aurora DSQL endpoints".
 */
#ifndef DSQL_CONFIG_ENDPOINT_H
#define DSQL_CONFIG_ENDPOINT_H

#include "base/text.h"

#include <dsql.h>

enum {
    ENDPOINT_HOST_SIZE = 254,  /* RFC 1035: a name has at most 253 characters */
    ENDPOINT_REGION_SIZE = 64, /* a region is one DNS label */
    CLUSTER_ID_LENGTH = 26
};

struct endpoint {
    char host[ENDPOINT_HOST_SIZE];     /* lower case, no trailing dot */
    char region[ENDPOINT_REGION_SIZE]; /* "": not known yet, and a cluster id not expanded */
};

/** Exactly 26 of [a-z0-9]. */
bool endpoint_is_cluster_id(struct text host);

/** The region label of CLUSTER.dsql[-SUFFIX].REGION.on.aws; false for any other name. */
bool endpoint_region_of_host(struct text host, struct text *region);

/** A DNS label, as it goes into host names: [a-z0-9-], not at the edges, at most 63. */
bool endpoint_is_region(struct text region);

/**
 * Resolves a host name or a cluster id, and the region: the given one (may be NULL), that of the
 * host name, AWS_REGION or AWS_DEFAULT_REGION. If none is known, it is "" (see
 * endpoint_complete()).  DSQL_ERR_USAGE for a host that is not a bare DNS name, and for an
 * invalid region.
 */
dsql_status endpoint_resolve(const char *host, const char *region, struct endpoint *out,
                             dsql_error *err);

/**
 * Sets a region that was found elsewhere, and expands a cluster id. source is named in the
 * message about an invalid one.
 */
dsql_status endpoint_complete(struct endpoint *endpoint, struct text region, const char *source,
                              dsql_error *err);

#endif
