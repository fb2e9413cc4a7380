/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The hash function is that of the certificate's signature; SHA-256 in place of MD5 and SHA-1. */
#include "net/channel_binding.h"

#include <openssl/err.h>
#include <openssl/x509.h>

/* NULL: the signature has none. */
static const EVP_MD *hash_function(X509 *certificate)
{
    int hash = NID_undef;
    /* Not OBJ_find_sigid_algs(): with RSA-PSS the hash is in the signature's parameters. */
    if (X509_get_signature_info(certificate, &hash, NULL, NULL, NULL) != 1) {
        ERR_clear_error();
        return NULL;
    }
    if (hash == NID_md5 || hash == NID_sha1) {
        return EVP_sha256();
    }
    return hash == NID_undef ? NULL : EVP_get_digestbynid(hash);
}

size_t channel_binding_hash(X509 *certificate, unsigned char out[CHANNEL_BINDING_MAX])
{
    unsigned int len = 0;
    const EVP_MD *hash = hash_function(certificate);
    return hash != NULL && X509_digest(certificate, hash, out, &len) == 1 ? len : 0;
}

size_t channel_binding_of_server(const SSL *ssl, unsigned char out[CHANNEL_BINDING_MAX])
{
    X509 *own = ssl == NULL ? NULL : SSL_get_certificate(ssl);
    return own == NULL ? 0 : channel_binding_hash(own, out);
}

size_t channel_binding_of_client(const SSL *ssl, unsigned char out[CHANNEL_BINDING_MAX])
{
    X509 *peer = ssl == NULL ? NULL : SSL_get1_peer_certificate(ssl);
    size_t len = peer == NULL ? 0 : channel_binding_hash(peer, out);
    X509_free(peer);
    return len;
}
