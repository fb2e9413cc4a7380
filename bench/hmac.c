/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a process can cost that makes a token: it computes one HMAC-SHA256 with OpenSSL
 * and prints it.
 *
 * usage: bench_hmac
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdbool.h>
#include <stdio.h>

int main(void)
{
    char name[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    static const unsigned char key[] = "key";
    unsigned char out[EVP_MAX_MD_SIZE];
    size_t len = 0;
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    bool ok = EVP_MAC_init(context, key, sizeof key, params) == 1 &&
              EVP_MAC_update(context, key, sizeof key) == 1 &&
              EVP_MAC_final(context, out, &len, sizeof out) == 1;
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(hmac);
    for (size_t i = 0; i < len; i++) {
        printf("%02x", out[i]);
    }
    putchar('\n');
    return ok ? 0 : 1;
}
