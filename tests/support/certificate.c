/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>

static void check(bool is_done)
{
    if (!is_done) {
        perror("certificate");
        abort();
    }
}

static void extend(X509 *x509, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    check(extension != NULL && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

struct certificate certificate_make(const char *name, const struct certificate *issuer, bool is_ca,
                                    long from_s, long until_s)
{
    static long serial = 1;
    char alternative[300];
    struct certificate made = {X509_new(), EVP_EC_gen("P-256")};
    check(made.x509 != NULL && made.key != NULL);
    X509 *signer = issuer == NULL ? made.x509 : issuer->x509;
    X509_NAME *subject = X509_get_subject_name(made.x509);
    snprintf(alternative, sizeof alternative, "DNS:%s", name);
    check(X509_set_version(made.x509, X509_VERSION_3) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), from_s);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), until_s);
    X509_set_pubkey(made.x509, made.key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made.x509, X509_get_subject_name(signer));
    extend(made.x509, signer, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    extend(made.x509, signer, NID_subject_alt_name, alternative);
    check(X509_sign(made.x509, issuer == NULL ? made.key : issuer->key, EVP_sha256()) > 0);
    return made;
}

void certificate_free(struct certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
}

void certificate_write(const struct certificate *certificate, const char *path,
                       const char *key_path)
{
    FILE *file = fopen(path, "w");
    check(file != NULL && PEM_write_X509(file, certificate->x509) == 1 && fclose(file) == 0);
    if (key_path == NULL) {
        return;
    }
    file = fopen(key_path, "w");
    check(file != NULL &&
          PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL) == 1 &&
          fclose(file) == 0);
}
