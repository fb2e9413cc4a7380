/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "net/client_hello.h"
#include "unit.h"

#include <openssl/ssl.h>

#include <string.h>

static enum client_hello_result check(const char *bytes, size_t len)
{
    return client_hello_check(text_of_bytes(bytes, len));
}

/* As OpenSSL's client sends it.  The length. */
static size_t make_hello(char *out, size_t size)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    SSL_do_handshake(ssl);
    int len = BIO_read(SSL_get_wbio(ssl), out, (int)size);
    SSL_free(ssl);
    SSL_CTX_free(context);
    assert_true(len > 0);
    return (size_t)len;
}

static void hello_is_complete_with_its_last_byte(void **state)
{
    (void)state;
    char hello[4096];
    size_t len = make_hello(hello, sizeof hello);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(check(hello, i), CLIENT_HELLO_NEEDS_MORE);
    }
    assert_int_equal(check(hello, len), CLIENT_HELLO_COMPLETE);
    hello[len] = 'x'; /* more may follow */
    assert_int_equal(check(hello, len + 1), CLIENT_HELLO_COMPLETE);
}

/* Records of at most piece bytes. */
static size_t divide(const char *hello, size_t len, size_t piece, char *out)
{
    enum { HEADER = 5 };
    size_t written = 0;
    for (size_t at = HEADER; at < len; at += piece) {
        size_t size = len - at < piece ? len - at : piece;
        memcpy(out + written, hello, HEADER);
        out[written + 3] = (char)(size >> 8);
        out[written + 4] = (char)size;
        memcpy(out + written + HEADER, hello + at, size);
        written += HEADER + size;
    }
    return written;
}

static void hello_may_be_divided_into_records(void **state)
{
    (void)state;
    char hello[4096];
    char divided[32768];
    size_t len = make_hello(hello, sizeof hello);
    for (size_t piece = 4; piece < 200; piece++) {
        size_t size = divide(hello, len, piece, divided);
        assert_int_equal(check(divided, size - 1), CLIENT_HELLO_NEEDS_MORE);
        assert_int_equal(check(divided, size), CLIENT_HELLO_COMPLETE);
    }
    assert_int_equal(check(divided, divide(hello, len, 3, divided)), CLIENT_HELLO_INVALID);
}

static void other_things_are_invalid(void **state)
{
    (void)state;
    static const char *const bytes[] = {
        "GET / HTTP/1.1\r\n",
        "\x17\x03\x01\x00\x10\x01\x00\x00\x0c", /* application data */
        "\x16\x02\x01\x00\x10\x01\x00\x00\x0c", /* another version */
        "\x16\x03\x01\x00\x10\x02\x00\x00\x0c", /* a ServerHello */
        "\x16\x03\x01\x00\x00\x01\x00\x00\x0c", /* an empty record */
        "\x16\x03\x01\x40\x01\x01\x00\x00\x0c", /* a record that is too long */
        "\x16\x03\x01\x00\x10\x01\x01\x00\x00", /* a message that is too long: 64 KiB */
    };
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        assert_int_equal(check(bytes[i], 9), CLIENT_HELLO_INVALID);
    }
    assert_int_equal(check("\x16\x03\x01\x00\x04\x01\x00\x00\x0c\x16\x03\x01\0\0", 14),
                     CLIENT_HELLO_INVALID);
}

static void headers_alone_do_not_make_a_hello(void **state)
{
    (void)state;
    static char bytes[CLIENT_HELLO_BYTES_MAX + 1];
    size_t len = 0;
    while (len + 6 <= sizeof bytes) { /* one byte to a record, of a message of 16380 */
        memcpy(bytes + len, "\x16\x03\x01\0\x01", 5);
        len += 6;
    }
    memcpy(bytes, "\x16\x03\x01\0\x05\x01\0\x3f\xfc\0", 10);
    memcpy(bytes + 10, "\x16\x03", 2);
    assert_int_equal(check(bytes, sizeof bytes), CLIENT_HELLO_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_is_complete_with_its_last_byte),
        cmocka_unit_test(hello_may_be_divided_into_records),
        cmocka_unit_test(other_things_are_invalid),
        cmocka_unit_test(headers_alone_do_not_make_a_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
