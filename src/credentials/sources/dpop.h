/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof of possession: a small signed statement that whoever sends this request holds the
 * key to which the login is bound.  RFC 9449, section 4; ES256 as RFC 7518 has it.
 */
#ifndef DSQL_CREDENTIALS_DPOP_H
#define DSQL_CREDENTIALS_DPOP_H

#include "base/buf.h"
#include "base/random.h"

struct dpop_request {
    const char *method;
    const char *url;   /* without query */
    int64_t issued_at; /* Unix seconds */
    const struct random_source *random;
};

/**
 * Appends the value of the header "dpop".  pem: an unencrypted private key on the curve
 * P-256.  False: it is not, or libcrypto failed.  A server takes each proof once only.
 */
bool dpop_proof(const char *pem, const struct dpop_request *request, struct buf *out)
    __attribute__((warn_unused_result));

#endif
