/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The first initialisation decides whether the handler is installed; later ones are cheap. */
#include "base/crypto_exit.h"

#include <openssl/crypto.h>

void crypto_outlive_exit(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}
