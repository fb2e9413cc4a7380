/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC is written in terms of the hash.  OpenSSL's own HMAC allocates memory and looks up the
 * algorithm for each key, which costs more than the HMAC, and a token needs five keys.
 */
#include "base/sha256.h"

#include "base/secret.h"

#include <openssl/evp.h>

#include <stdatomic.h>

/*
 * NULL if there is no such algorithm, which the next call tries again.  It belongs to the process,
 * like the library that has looked it up.
 */
static const EVP_MD *algorithm(void)
{
    static _Atomic(EVP_MD *) shared;
    EVP_MD *known = atomic_load_explicit(&shared, memory_order_acquire);
    if (known != NULL) {
        return known;
    }
    EVP_MD *fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (fetched == NULL || atomic_compare_exchange_strong(&shared, &known, fetched)) {
        return fetched;
    }
    EVP_MD_free(fetched); /* another thread was faster */
    return known;
}

bool sha256_init(struct sha256 *sha256)
{
    *sha256 = (struct sha256){.context = EVP_MD_CTX_new()};
    return sha256->context != NULL;
}

void sha256_clear(struct sha256 *sha256)
{
    EVP_MD_CTX_free(sha256->context);
    *sha256 = (struct sha256){0};
}

/* Without an algorithm OpenSSL keeps the one before, and looks for no engine that may have it. */
static bool begin(struct sha256 *sha256)
{
    const EVP_MD *type = sha256->has_algorithm ? NULL : algorithm();
    sha256->has_algorithm = (sha256->has_algorithm || type != NULL) &&
                            EVP_DigestInit_ex2(sha256->context, type, NULL) == 1;
    return sha256->has_algorithm;
}

/* The hash of two texts, one after the other. */
static bool digest_both(struct sha256 *sha256, struct text first, struct text second,
                        unsigned char out[SHA256_SIZE])
{
    return begin(sha256) && EVP_DigestUpdate(sha256->context, first.data, first.len) == 1 &&
           EVP_DigestUpdate(sha256->context, second.data, second.len) == 1 &&
           EVP_DigestFinal_ex(sha256->context, out, NULL) == 1;
}

bool sha256_digest(struct sha256 *sha256, struct text data, unsigned char out[SHA256_SIZE])
{
    return digest_both(sha256, data, text_of(NULL), out);
}

/* A key that is longer than a block is replaced by its hash; the rest of the block stays zero. */
static bool fill_block(struct sha256 *sha256, struct text key,
                       unsigned char block[SHA256_BLOCK_SIZE])
{
    if (key.len > SHA256_BLOCK_SIZE) {
        return sha256_digest(sha256, key, block);
    }
    for (size_t i = 0; i < key.len; i++) {
        block[i] = (unsigned char)key.data[i];
    }
    return true;
}

static void xor_block(unsigned char block[SHA256_BLOCK_SIZE], unsigned char with)
{
    for (size_t i = 0; i < SHA256_BLOCK_SIZE; i++) {
        block[i] ^= with;
    }
}

/* H(key ^ opad, H(key ^ ipad, data)). */
bool sha256_hmac(struct sha256 *sha256, struct text key, struct text data,
                 unsigned char out[SHA256_SIZE])
{
    enum { IPAD = 0x36, OPAD = 0x5c };
    unsigned char block[SHA256_BLOCK_SIZE] = {0};
    unsigned char inner[SHA256_SIZE];
    struct text start = text_of_bytes(block, sizeof block);
    bool ok = fill_block(sha256, key, block);
    xor_block(block, IPAD);
    ok = ok && digest_both(sha256, start, data, inner);
    xor_block(block, IPAD ^ OPAD);
    ok = ok && digest_both(sha256, start, text_of_bytes(inner, sizeof inner), out);
    if (!ok) {
        secret_wipe(out, SHA256_SIZE);
    }
    secret_wipe(block, sizeof block);
    secret_wipe(inner, sizeof inner);
    return ok;
}

bool hmac_sha256(struct text key, struct text data, unsigned char out[SHA256_SIZE])
{
    struct sha256 hash AUTO_SHA256 = {0};
    return sha256_init(&hash) && sha256_hmac(&hash, key, data, out);
}
