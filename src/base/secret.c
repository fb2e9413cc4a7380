/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Wiping uses OPENSSL_cleanse(), which a compiler cannot remove as a dead store.  The new
 * value is copied before the old one is wiped, so that a secret may be set from itself.
 */
#include "base/secret.h"

#include "base/memory.h"

#include <openssl/crypto.h>

#include <string.h>

bool secret_set(struct secret *secret, const char *data, size_t len)
{
    char *copy = len == 0 ? NULL : mem_strndup(data, len);
    bool ok = len == 0 || copy != NULL;
    secret_clear(secret);
    if (copy != NULL) {
        secret->data = copy;
        secret->len = len;
    }
    return ok;
}

bool secret_set_string(struct secret *secret, const char *string)
{
    return secret_set(secret, string, string == NULL ? 0 : strlen(string));
}

const char *secret_string(const struct secret *secret)
{
    return secret->data == NULL ? "" : secret->data;
}

bool secret_is_empty(const struct secret *secret)
{
    return secret->len == 0;
}

void secret_clear(struct secret *secret)
{
    if (secret->data != NULL) {
        OPENSSL_cleanse(secret->data, secret->len);
        mem_free(secret->data);
    }
    secret->data = NULL;
    secret->len = 0;
}

void secret_free_string(char *string)
{
    if (string != NULL) {
        OPENSSL_cleanse(string, strlen(string));
        mem_free(string);
    }
}

void secret_wipe(void *data, size_t len)
{
    if (data != NULL) {
        OPENSSL_cleanse(data, len);
    }
}

/* Lengths are not secret here: signatures and tokens have known lengths. */
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}
