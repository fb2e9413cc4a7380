/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "credentials/sources/dpop.h"
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string.h>

/* Made for this test, and good for nothing else. */
#define KEY                                                                                        \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                             \
    "MHcCAQEEIGi3J04P1A2FI3N+1UWMXcrqcWgXI74WAxccivIGt3uvoAoGCCqGSM49\n"                           \
    "AwEHoUQDQgAEEMdba39BgQQ1GCp3/KKn614yiUQrflVI+LD+cM7kzam/hPiSphi/\n"                           \
    "ZkYkzgq025dsfqlw8XNJwtXDqab7Q35Pgg==\n"                                                       \
    "-----END EC PRIVATE KEY-----\n"

#define KEY_PKCS8                                                                                  \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGvUuVOM4HJgCMKkr\n"                           \
    "7KHES5pE4+Q0Rto0AR1H3hEf73WhRANCAASaugDrRyXhn87XVDOU8p0Eok3PR52l\n"                           \
    "1GeThUH+UQVQqznYp6k5ZmUtPzu7KzSzUKvBlpNFOc0swmBU6zg7CdC9\n"                                   \
    "-----END PRIVATE KEY-----\n"

#define KEY_P384                                                                                   \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                             \
    "MIGkAgEBBDAEEx3kzW6qnoGehCRWI8Sv91FEMvYwYITBbfK0DUq60yq01zSOqwsn\n"                           \
    "4Fe4exwZ+j6gBwYFK4EEACKhZANiAARLHLTBfJqHBrX69oDg71PugclE2uKXBb6U\n"                           \
    "WFxE6nhSBJoXCxueNlrq+IiClHP/vIqWPiE7OqYazCOYPIToWGW6uL0wdDeZHS6T\n"                           \
    "oJsVYojv4nUdy3vVKoB82LwJ4iBMbBs=\n"                                                           \
    "-----END EC PRIVATE KEY-----\n"

#define KEY_ENCRYPTED                                                                              \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                             \
    "Proc-Type: 4,ENCRYPTED\n"                                                                     \
    "DEK-Info: AES-128-CBC,30A8390E7563D2EFBB9294F94B9416AD\n"                                     \
    "\n"                                                                                           \
    "KE1z1lye8HJKHHWxTcXdw/JSYAnOqO9QEYdH6ky0Lrai/SIwOaH+43pR6J8VOp/H\n"                           \
    "hHcfRB3CzypwET+2dn1gCjQJRkYzZFgDiKTLeJPgOcQ7rleKc9W2axuwvcsTGnN/\n"                           \
    "jFllIKxDzibgBu/xninVqGErNHihoa2PmLaaENaAiy8=\n"                                               \
    "-----END EC PRIVATE KEY-----\n"

#define KEY_DAMAGED                                                                                \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                             \
    "AAAA\n"                                                                                       \
    "-----END EC PRIVATE KEY-----\n"

/* Header and claims of KEY at 1700000000, put together by another program. */
#define EXPECTED                                                                                   \
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwiY3J2IjoiUC0yNTYiLCJ4Ijo"  \
    "iRU1kYmEzOUJnUVExR0NwM19LS242MTR5aVVRcmZsVkktTEQtY003a3phayIsInkiOiJ2NFQ0a3FZWXYyWkdKTTRLdE"  \
    "51WGJINnBjUEZ6U2NMVnc2bW0tME4tVDRJIn19.eyJqdGkiOiIwMDAwMDAwMC0wMDAwLTQwMDEtODAwMC0wMDAwMDAw"  \
    "MDAwMDIiLCJodG0iOiJQT1NUIiwiaHR1IjoiaHR0cHM6Ly91cy1lYXN0LTEuc2lnbmluLmF3cy5hbWF6b24uY29tL3Y"  \
    "xL3Rva2VuIiwiaWF0IjoxNzAwMDAwMDAwfQ"

static uint64_t draw(void *arg)
{
    return ++*(uint64_t *)arg;
}

static bool prove(const char *pem, const char *url, struct buf *out)
{
    uint64_t drawn = 0;
    const struct random_source random = {.next = draw, .arg = &drawn};
    const struct dpop_request request = {
        .method = "POST", .url = url, .issued_at = 1700000000, .random = &random};
    buf_init(out, 4096);
    return dpop_proof(pem, &request, out);
}

#define URL "https://us-east-1.signin.aws.amazon.com/v1/token"

/* 64 bytes out of 86 characters. */
static void decode_signature(struct text text, unsigned char raw[66])
{
    char padded[89];
    assert_int_equal(text.len, 86);
    memcpy(padded, text.data, 86);
    memcpy(padded + 86, "AA", sizeof "AA");
    for (size_t i = 0; i < 88; i++) {
        padded[i] = (char)(padded[i] == '-' ? '+' : padded[i] == '_' ? '/' : padded[i]);
    }
    assert_int_equal(EVP_DecodeBlock(raw, (const unsigned char *)padded, 88), 66);
}

static bool is_signature_of_key(struct text signed_text, const unsigned char raw[64])
{
    unsigned char der[80];
    unsigned char *end = der;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    assert_int_equal(
        ECDSA_SIG_set0(signature, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)), 1);
    int len = i2d_ECDSA_SIG(signature, &end);
    ECDSA_SIG_free(signature);
    BIO *bio = BIO_new_mem_buf(KEY, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                   EVP_DigestVerify(context, der, (size_t)len,
                                    (const unsigned char *)signed_text.data, signed_text.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return is_good;
}

static void proof_is_what_the_standard_says(void **state)
{
    (void)state;
    struct buf proof AUTO_BUF;
    unsigned char raw[66];
    assert_true(prove(KEY, URL, &proof));
    assert_memory_equal(proof.data, EXPECTED ".", strlen(EXPECTED "."));
    struct text all = buf_text(&proof);
    struct text head = text_slice(all, 0, strlen(EXPECTED));
    decode_signature(text_slice(all, head.len + 1, all.len), raw);
    assert_true(is_signature_of_key(head, raw));
    raw[5] ^= 1;
    assert_false(is_signature_of_key(head, raw));
}

/* One in 128 has a number that is shorter in DER, and must be filled up. */
static void signature_has_always_the_same_length(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++) {
        struct buf proof AUTO_BUF;
        assert_true(prove(KEY, URL, &proof));
        assert_int_equal(proof.len, strlen(EXPECTED) + 1 + 86);
    }
}

static void key_in_the_newer_envelope_is_taken(void **state)
{
    (void)state;
    struct buf proof AUTO_BUF;
    assert_true(prove(KEY_PKCS8, URL, &proof));
}

static void other_keys_are_refused_without_asking_anybody(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "hello", KEY_P384, KEY_ENCRYPTED, KEY_DAMAGED};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf proof AUTO_BUF;
        assert_false(prove(bad[i], URL, &proof));
        assert_int_equal(proof.len, 0);
    }
}

static void address_that_would_need_escapes_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"https://a\"b/", "https://a\\b/", "https://a b/",
                                      "https://\xc3\xa9/", "https://a\n/"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf proof AUTO_BUF;
        assert_false(prove(KEY, bad[i], &proof));
        assert_int_equal(proof.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_is_what_the_standard_says),
        cmocka_unit_test(signature_has_always_the_same_length),
        cmocka_unit_test(key_in_the_newer_envelope_is_taken),
        cmocka_unit_test(other_keys_are_refused_without_asking_anybody),
        cmocka_unit_test(address_that_would_need_escapes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
