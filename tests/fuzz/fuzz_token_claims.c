/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A password from an unknown client. */
#include "token/verify.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Claims that are accepted are complete and can be signed. */
static void check(const struct token_claims *claims)
{
    char key[] = "secret";
    const struct secret secret = {.data = key, .len = sizeof key - 1};
    if (claims->host == NULL || claims->access_key_id == NULL || claims->region == NULL ||
        claims->expires_at <= claims->signed_at || claims->signature[64] != '\0') {
        abort();
    }
    (void)token_claims_signed_by(claims, &secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct token_claims claims;
    const char *why = NULL;
    if (token_claims_parse(text_of_bytes(data, size), &claims, &why)) {
        check(&claims);
        token_claims_clear(&claims);
    } else if (why == NULL || claims.host != NULL) {
        abort();
    }
    return 0;
}
