/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL takes the key's length as an int.  The result is 32 bytes for SHA-256, which is checked
 * and not assumed.
 */
#include "base/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits.h>

bool hmac_sha256(struct text key, struct text data, unsigned char out[HMAC_SHA256_SIZE])
{
    unsigned int len = 0;
    if (key.len > INT_MAX) {
        return false;
    }
    return HMAC(EVP_sha256(), key.data, (int)key.len, (const unsigned char *)data.data, data.len,
                out, &len) != NULL &&
           len == HMAC_SHA256_SIZE;
}
