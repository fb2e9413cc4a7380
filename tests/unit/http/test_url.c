/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Whom a URL names, and all the ways in which it must not be possible to hide that. */
#include "http/url.h"
#include "unit.h"

#include <string.h>

static void expect(const char *string, bool is_https, const char *host, bool is_address, int port,
                   const char *path)
{
    struct url url;
    if (!url_parse(text_of(string), &url)) {
        fail_msg("refused: %s", string);
    }
    assert_int_equal(url.is_https, is_https);
    assert_true(text_equal_string(url.host, host));
    assert_int_equal(url.is_address, is_address);
    assert_int_equal(url.port, port);
    assert_true(text_equal_string(url.path, path));
}

static void urls_are_taken_apart(void **state)
{
    (void)state;
    expect("http://localhost", false, "localhost", false, 80, "");
    expect("https://Example.com/a?b=c@d:e", true, "Example.com", false, 443, "/a?b=c@d:e");
    expect("HTTPS://example.com.:8443?x", true, "example.com.", false, 8443, "?x");
    expect("http://169.254.170.2/v2/credentials/x", false, "169.254.170.2", true, 80,
           "/v2/credentials/x");
    expect("http://[fd00:ec2::254]:81/", false, "fd00:ec2::254", true, 81, "/");
    expect("http://127.0.0.1.evil.com/", false, "127.0.0.1.evil.com", false, 80, "/");
    expect("http://a_b.internal/", false, "a_b.internal", false, 80, "/");
}

static void expect_refusal(const char *const *urls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct url url;
        if (url_parse(text_of(urls[i]), &url)) {
            fail_msg("accepted: %s", urls[i]);
        }
    }
}

static void urls_that_hide_their_host_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "/credentials",
        "localhost",
        "//localhost/",
        "http:/localhost",
        "http://",
        "http:///x",
        "http://:80/",
        "ftp://localhost/",
        "file:///etc/passwd",
        "http://user@localhost/",
        "http://user:pass@localhost/",
        "http://localhost@evil.com/",
        "http://127.0.0.1:80@evil.com/",
        "http://127.0.0.1#@evil.com/",
        "http://127.0.0.1\\@evil.com/",
        "http://localhost#x",
        "http://local%68ost/",
        ("http://l\xc3\xb6"
         "calhost/"),
        "http://local host/",
        "http://localhost/a b",
        "http://localhost/\r\nx: y",
        "http://localhost\t/",
        " http://localhost/",
        "http://localhost:/",
        "http://localhost:0/",
        "http://localhost:65536/",
        "http://localhost:+80/",
        "http://localhost:80:80/",
        "http://..",
        "http://.localhost/",
        "http://a..b/",
    };
    expect_refusal(bad, sizeof bad / sizeof bad[0]);
}

/* Every way to write an address that only some programs read as one. */
static void addresses_in_unusual_forms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "http://2130706433/",  "http://0x7f000001/",       "http://0x7f.0.0.1/",
        "http://0X7F.1/",      "http://0177.0.0.1/",       "http://127.1/",
        "http://127.0.0.01/",  "http://127.0.0.1./",       "http://127.0.0.256/",
        "http://1.2.3.4.5/",   "http://evil.0x/",          "http://::1/",
        "http://[::1/",        "http://[::1]x/",           "http://[::1]:/",
        "http://[127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://[]/",
    };
    expect_refusal(bad, sizeof bad / sizeof bad[0]);
}

static void length_is_bounded(void **state)
{
    (void)state;
    struct url url;
    char string[9000];
    memset(string, 'a', sizeof string);
    memcpy(string, "http://", strlen("http://"));
    assert_false(url_parse(text_of_bytes(string, 7 + 254), &url));
    assert_true(url_parse(text_of_bytes(string, 7 + 253), &url));
    string[8] = '/';
    assert_true(url_parse(text_of_bytes(string, 8192), &url));
    assert_false(url_parse(text_of_bytes(string, 8193), &url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(urls_that_hide_their_host_are_refused),
        cmocka_unit_test(addresses_in_unusual_forms_are_refused),
        cmocka_unit_test(length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
