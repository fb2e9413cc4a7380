/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* For a single HMAC.  Several in a row share a struct sha256. */
#include "base/hmac.h"

#include "base/sha256.h"

bool hmac_sha256(struct text key, struct text data, unsigned char out[HMAC_SHA256_SIZE])
{
    struct sha256 hash AUTO_SHA256 = {0};
    return sha256_init(&hash) && sha256_hmac(&hash, key, data, out);
}
