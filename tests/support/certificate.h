/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Temporary certificates, valid and invalid, as PEM files. */
#ifndef TEST_SUPPORT_CERTIFICATE_H
#define TEST_SUPPORT_CERTIFICATE_H

#include <openssl/x509.h>

#include <stdbool.h>

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
};

/**
 * Makes a certificate for a DNS name, valid from now + from_s to now + until_s.  issuer signs it;
 * NULL means that it is self-signed.  is_ca: it may sign others.  Ends the program on failure.
 */
struct certificate certificate_make(const char *name, const struct certificate *issuer, bool is_ca,
                                    long from_s, long until_s);
void certificate_free(struct certificate *certificate);

/** Writes PEM files.  With key_path NULL, the key is not written. */
void certificate_write(const struct certificate *certificate, const char *path,
                       const char *key_path);

#endif
