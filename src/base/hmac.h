/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* HMAC with SHA-256: RFC 2104.  For signatures of AWS and for SCRAM. */
#ifndef DSQL_BASE_HMAC_H
#define DSQL_BASE_HMAC_H

#include "base/text.h"

#include <stdbool.h>

enum { HMAC_SHA256_SIZE = 32 };

/** False: out of memory or a failing libcrypto; then *out is not defined. */
bool hmac_sha256(struct text key, struct text data, unsigned char out[HMAC_SHA256_SIZE])
    __attribute__((warn_unused_result));

#endif
