/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of RFC 9449, section 4.2: a JWT that is signed with the login's P-256 key (RFC 7515
 * and RFC 7518, ES256).  OpenSSL produces the signature in DER; a JWT needs its two numbers one
 * after the other, at their full length.  This file does not know where the key comes from or to
 * whom the proof is sent.
 */
#include "credentials/sources/dpop.h"

#include "base/base64.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string.h>

/* In bytes.  A number of P-256 has 256 bits, and its DER signature 72 bytes at most. */
enum { NUMBER_SIZE = 32, MAX_DER_SIZE = 128, MAX_PART_SIZE = 2048 };

/* Without this callback libcrypto would prompt on the terminal for the key's password. */
static int no_password(char *buffer, int size, int is_writing, void *arg)
{
    (void)is_writing;
    (void)arg;
    if (size > 0) {
        buffer[0] = '\0';
    }
    return -1;
}

/*
 * The header claims P-256 and ES256, so a key on any other curve, or an RSA key, would give a
 * proof that contradicts itself.
 */
static bool is_p256(const EVP_PKEY *key)
{
    char group[32];
    size_t len = 0;
    return EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           text_equal_string(text_of_bytes(group, len), "prime256v1");
}

/* NULL if the text is not such a key.  The caller frees it with EVP_PKEY_free(). */
static EVP_PKEY *read_key(const char *pem)
{
    size_t len = strlen(pem);
    BIO *bio = len > MAX_PART_SIZE ? NULL : BIO_new_mem_buf(pem, (int)len);
    if (bio == NULL) {
        return NULL;
    }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    if (key != NULL && !is_p256(key)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

/*
 * RFC 7518, section 6.2.1.2: all 32 bytes, big-endian, in base64url.  Leading zeros must stay, or
 * one proof in 256 would be rejected.
 */
static bool add_number(struct buf *out, const BIGNUM *number)
{
    unsigned char bytes[NUMBER_SIZE];
    if (BN_bn2binpad(number, bytes, sizeof bytes) != (int)sizeof bytes) {
        return false;
    }
    base64url_encode(out, text_of_bytes(bytes, sizeof bytes));
    return true;
}

/* BN_free() accepts NULL, so it runs also if the key has no such number. */
static bool add_coordinate(struct buf *out, const EVP_PKEY *key, const char *name)
{
    BIGNUM *number = NULL;
    bool is_added = EVP_PKEY_get_bn_param(key, name, &number) == 1 && add_number(out, number);
    BN_free(number);
    return is_added;
}

/*
 * The public key is part of the header, so that the server can compare it with the key to which
 * the refresh token is bound.
 */
static bool add_header(struct buf *out, const EVP_PKEY *key)
{
    buf_add_string(out, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":"
                        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
    bool is_added = add_coordinate(out, key, OSSL_PKEY_PARAM_EC_PUB_X);
    buf_add_string(out, "\",\"y\":\"");
    is_added = is_added && add_coordinate(out, key, OSSL_PKEY_PARAM_EC_PUB_Y);
    buf_add_string(out, "\"}}");
    return is_added;
}

/*
 * A version 4 UUID (RFC 9562, section 5.4).  It is the proof's "jti", by which a server
 * recognizes a proof that is sent twice.
 */
static void add_id(struct buf *out, const struct random_source *random)
{
    uint64_t high = random->next(random->arg);
    uint64_t low = random->next(random->arg);
    high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    buf_printf(out, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
               (unsigned)(high >> 16 & 0xffffU), (unsigned)(high & 0xffffU), (unsigned)(low >> 48),
               (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

/*
 * Method and URL are inserted into JSON without escapes, so a character that would need one is
 * refused.
 */
static bool is_plain(const char *string)
{
    struct text text = text_of(string);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '"' ||
            text.data[i] == '\\') {
            return false;
        }
    }
    return true;
}

/* RFC 9449, section 4.2: method and URL bind the proof to one request, "iat" to a moment. */
static bool add_claims(struct buf *out, const struct dpop_request *request)
{
    if (!is_plain(request->method) || !is_plain(request->url)) {
        return false;
    }
    buf_add_string(out, "{\"jti\":\"");
    add_id(out, request->random);
    buf_printf(out, "\",\"htm\":\"%s\",\"htu\":\"%s\",\"iat\":%lld}", request->method, request->url,
               (long long)request->issued_at);
    return true;
}

/* RFC 7518, section 3.4: R and S, 32 bytes each. */
static bool add_raw_signature(struct buf *out, const unsigned char *der, size_t len)
{
    unsigned char raw[2 * NUMBER_SIZE];
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);
    if (signature == NULL) {
        return false;
    }
    bool is_raw =
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, NUMBER_SIZE) == NUMBER_SIZE &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + NUMBER_SIZE, NUMBER_SIZE) == NUMBER_SIZE;
    ECDSA_SIG_free(signature);
    if (is_raw) {
        base64url_encode(out, text_of_bytes(raw, sizeof raw));
    }
    return is_raw;
}

/* *len is the room in der, and then the length of the signature. */
static bool sign(EVP_PKEY *key, struct text text, unsigned char *der, size_t *len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_signed =
        context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, der, len, (const unsigned char *)text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    return is_signed;
}

/* out is changed only if the whole proof could be written. */
static bool write_proof(EVP_PKEY *key, const struct dpop_request *request, struct buf *out)
{
    struct buf part AUTO_BUF;
    struct buf proof AUTO_BUF;
    unsigned char der[MAX_DER_SIZE];
    size_t len = sizeof der;
    buf_init(&part, MAX_PART_SIZE);
    buf_init_secret(&proof, (size_t)MAX_PART_SIZE * 2);
    bool is_written = add_header(&part, key);
    base64url_encode(&proof, buf_text(&part));
    buf_reset(&part);
    is_written = is_written && add_claims(&part, request) && buf_ok(&part);
    buf_add_char(&proof, '.');
    base64url_encode(&proof, buf_text(&part));
    if (!is_written || !buf_ok(&proof) || !sign(key, buf_text(&proof), der, &len)) {
        return false;
    }
    buf_add_char(&proof, '.');
    is_written = add_raw_signature(&proof, der, len) && buf_ok(&proof);
    if (is_written) {
        buf_add_text(out, buf_text(&proof));
    }
    return is_written && buf_ok(out);
}

bool dpop_proof(const char *pem, const struct dpop_request *request, struct buf *out)
{
    EVP_PKEY *key = read_key(pem);
    if (key == NULL) {
        return false;
    }
    bool is_written = write_proof(key, request, out);
    EVP_PKEY_free(key);
    return is_written;
}
