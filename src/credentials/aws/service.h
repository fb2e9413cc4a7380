/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoint of an AWS service in a region, and the settings of the environment or of a
 * profile that replace it.  AWS SDKs and Tools Reference Guide, "Service-specific
 * endpoints", "Dual-stack and FIPS endpoints", "AWS STS Regional endpoints".
 *
 * A configured endpoint is scheme, host and port.  It may be http, for an emulator of AWS in
 * another container.  Requests and responses contain secrets, so http to any other machine
 * than this one (127.0.0.0/8, [::1], localhost) is logged.
 */
#ifndef DSQL_CREDENTIALS_SERVICE_H
#define DSQL_CREDENTIALS_SERVICE_H

#include "credentials/profile.h"

enum service { SERVICE_STS, SERVICE_SSO, SERVICE_SSO_OIDC, SERVICE_SIGNIN };

enum { SERVICE_URL_SIZE = 512, SERVICE_REGION_SIZE = 64 };

struct service_endpoint {
    char url[SERVICE_URL_SIZE]; /* "https://sts.us-east-1.amazonaws.com", no slash at the end */
    char
        host[SERVICE_URL_SIZE]; /* of the url, with the port if it is not the usual: to be signed */
    char region[SERVICE_REGION_SIZE]; /* that a request is signed for */
    enum http_reach reach;            /* HTTP_LOCAL: an http endpoint is configured */
    bool is_exposed;                  /* http, and not on this machine */
};

/**
 * Fills *out on DSQL_OK only. profile may be NULL. If region is NULL, it is that of AWS_REGION,
 * of AWS_DEFAULT_REGION, or of the profile.  None of them is an error, except for STS, which has
 * a global endpoint.
 */
dsql_status service_endpoint(enum service service, const struct profile *profile,
                             const char *region, struct service_endpoint *out, dsql_error *err);

/**
 * Parses a configured endpoint and fills *out, except for the region.  False: a form that is not
 * allowed.
 */
bool service_parse_url(struct text url, struct service_endpoint *out)
    __attribute__((warn_unused_result));

/** Logs a warning if secrets will be sent without encryption.  To be called before each request. */
void service_warn(const struct source_context *context, const struct service_endpoint *endpoint);

/**
 * *out is AWS_CA_BUNDLE or the profile's ca_bundle; NULL means the system's certificates.  The
 * caller frees it with mem_free().
 */
dsql_status service_ca_file(const struct profile *profile, char **out, dsql_error *err);

/** The standard policy, with the attempts of AWS_MAX_ATTEMPTS or the profile's max_attempts. */
dsql_status service_retry(const struct source_context *context, const struct profile *profile,
                          struct http_retry *out, dsql_error *err);

#endif
