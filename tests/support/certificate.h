/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Certificates to throw away, good and bad, as PEM files. */
#ifndef TEST_SUPPORT_CERTIFICATE_H
#define TEST_SUPPORT_CERTIFICATE_H

#include <openssl/x509.h>

#include <stdbool.h>

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
};

/**
 * For a DNS name, good from now + from_s to now + until_s, signed by issuer (NULL: by
 * itself).  is_ca: fit to sign others.  Never fails: it ends the program.
 */
struct certificate certificate_make(const char *name, const struct certificate *issuer, bool is_ca,
                                    long from_s, long until_s);
void certificate_free(struct certificate *certificate);

/** key_path NULL: without the key. */
void certificate_write(const struct certificate *certificate, const char *path,
                       const char *key_path);

#endif
