/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"
#include "unit.h"

#include <string.h>

static void expect_hex(const unsigned char digest[SHA256_SIZE], const char *hex)
{
    char text[2 * SHA256_SIZE + 1];
    text_hex(digest, SHA256_SIZE, text);
    assert_string_equal(text, hex);
}

/* FIPS 180-2, appendix B. */
static void digests_are_those_of_the_standard(void **state)
{
    (void)state;
    unsigned char digest[SHA256_SIZE];
    struct sha256 hash;
    assert_true(sha256_init(&hash));
    assert_true(sha256_digest(&hash, text_of("abc"), digest));
    expect_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(sha256_digest(
        &hash, text_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), digest));
    expect_hex(digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_true(sha256_digest(&hash, text_of(NULL), digest));
    expect_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_clear(&hash);
}

struct hmac_vector {
    unsigned char key_byte; /* repeated; 0: the key is the text "Jefe" */
    size_t key_len;
    const char *data;
    const char *hex;
};

/* RFC 4231, test cases 1, 2, 6 and 7: a key that is shorter and one that is longer than a block. */
static const struct hmac_vector vectors[] = {
    {0x0b, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {0, 4, "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {0xaa, 131,
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static void hmacs_are_those_of_rfc_4231(void **state)
{
    (void)state;
    unsigned char mac[SHA256_SIZE];
    struct sha256 hash;
    assert_true(sha256_init(&hash));
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        unsigned char key[131];
        memset(key, vectors[i].key_byte, sizeof key);
        if (vectors[i].key_byte == 0) {
            memcpy(key, "Jefe", vectors[i].key_len);
        }
        assert_true(sha256_hmac(&hash, text_of_bytes(key, vectors[i].key_len),
                                text_of(vectors[i].data), mac));
        expect_hex(mac, vectors[i].hex);
    }
    sha256_clear(&hash);
}

static void key_may_be_replaced_by_the_result(void **state)
{
    (void)state;
    unsigned char key[SHA256_SIZE] = {1, 2, 3};
    unsigned char mac[SHA256_SIZE];
    struct sha256 hash;
    assert_true(sha256_init(&hash));
    assert_true(sha256_hmac(&hash, text_of_bytes(key, sizeof key), text_of("data"), mac));
    assert_true(sha256_hmac(&hash, text_of_bytes(key, sizeof key), text_of("data"), key));
    assert_memory_equal(key, mac, sizeof mac);
    sha256_clear(&hash);
}

static void clearing_twice_does_no_harm(void **state)
{
    (void)state;
    struct sha256 hash = {0};
    sha256_clear(&hash);
    assert_true(sha256_init(&hash));
    sha256_clear(&hash);
    sha256_clear(&hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(hmacs_are_those_of_rfc_4231),
        cmocka_unit_test(key_may_be_replaced_by_the_result),
        cmocka_unit_test(clearing_twice_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
