/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "credentials/aws/xml.h"
#include "unit.h"

#include <string.h>

static void expect(const char *document, const char *path, const char *value)
{
    struct buf out AUTO_BUF;
    buf_init(&out, 1000);
    if (xml_find(text_of(document), path, &out) != XML_FOUND) {
        fail_msg("%s is not in %s", path, document);
    }
    assert_true(text_equal_string(buf_text(&out), value));
}

static void expect_result(const char *document, const char *path, enum xml_result result)
{
    struct buf out AUTO_BUF;
    buf_init(&out, 1000);
    if (xml_find(text_of(document), path, &out) != result) {
        fail_msg("%s in %s", path, document);
    }
}

static void text_is_found_by_its_path(void **state)
{
    (void)state;
    expect("<a><b>x</b><c>y</c></a>", "a/c", "y");
    expect("<?xml version=\"1.0\"?>\n<a xmlns=\"https://x/>\">\n <b c='1' d=\">\"> x </b >\n</a>\n",
           "a/b", " x ");
    expect("\xef\xbb\xbf<n:a xmlns:n=\"u\"><n:b>x</n:b></n:a>", "a/b", "x");
    expect("<a><b/></a>", "a/b", "");
    expect("<a><b></b></a>", "a/b", "");
    expect("<a>x<!-- > <b> -->y</a>", "a", "xy");
    expect("<a><c><b>no</b></c><b>x</b></a>", "a/b", "x");
}

static void elements_elsewhere_are_not_meant(void **state)
{
    (void)state;
    expect_result("<a><b>x</b></a>", "a/c", XML_ABSENT);
    expect_result("<a><b>x</b></a>", "b", XML_ABSENT);
    expect_result("<a><b>x</b></a>", "a/b/c", XML_ABSENT);
    expect_result("<a><c><b>x</b></c></a>", "a/b", XML_ABSENT);
    expect_result("<a><bb>x</bb></a>", "a/b", XML_ABSENT);
}

static void five_entities_and_references_are_decoded(void **state)
{
    (void)state;
    expect("<a>&lt;&gt;&amp;&quot;&apos;</a>", "a", "<>&\"'");
    expect("<a>&#65;&#x42;&#x20ac;&#128512;&#233;</a>", "a",
           "AB\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9");
    expect("<a>&amp;lt;</a>", "a", "&lt;"); /* once, not again */
}

static void other_entities_break_the_document(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "<a>&x;</a>",   "<a>&</a>",        "<a>&;</a>",       "<a>&#;</a>",
        "<a>&#x;</a>",  "<a>&#0;</a>",     "<a>&#xD800;</a>", "<a>&#x110000;</a>",
        "<a>&#11;</a>", "<a>&#xfffe;</a>", "<a>&#1a;</a>",    "<a>&#99999999999;</a>",
        "<a>&LT;</a>",  "<a>&#-5;</a>",    "<a>&#x 41;</a>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_result(bad[i], "a", XML_BROKEN);
    }
}

static void document_types_and_cdata_are_refused(void **state)
{
    (void)state;
    expect_result("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "a", XML_BROKEN);
    expect_result("<!DOCTYPE a SYSTEM \"http://x\"><a>x</a>", "a", XML_BROKEN);
    expect_result("<a><![CDATA[x]]></a>", "a", XML_BROKEN);
    expect_result("<a><?php x ?></a>", "a", XML_BROKEN);
}

static void what_is_not_well_formed_is_broken(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "x",
        "<",
        "<a",
        "<a>",
        "<a><b>x",
        "<a>x</b>",
        "<a>x</a>y",
        "y<a>x</a>",
        "<a>x</a><a>x</a>",
        "<a b>x</a>",
        "<a b=c>x</a>",
        "<a b=\"c>x</a>",
        "<a b='<'>x</a>",
        "</a>",
        "<>x</>",
        "< a>x</a>",
        "<a>x</a b>",
        "<a>x<!-- </a>",
        "<a>x</a",
        "<a / >x</a>",
        "<a>x</a><b/>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_result(bad[i], "a", XML_BROKEN);
    }
}

static void the_same_element_twice_is_broken(void **state)
{
    (void)state;
    expect_result("<a><b>x</b><b>y</b></a>", "a/b", XML_BROKEN);
    expect_result("<a><b>x<c/>y</b></a>", "a/b", XML_BROKEN); /* and so is one inside it */
}

static void depth_and_length_have_limits(void **state)
{
    (void)state;
    char deep[17 * 7 + 1] = "";
    struct buf out AUTO_BUF;
    buf_init(&out, 3);
    for (size_t i = 0; i < 17; i++) {
        memcpy(deep + i * 3, "<a>", 3);
        memcpy(deep + 17 * 3 + i * 4, "</a>", 4);
    }
    expect_result(deep, "b", XML_BROKEN);
    expect_result("<a><a><a>x</a></a></a>", "b", XML_ABSENT);
    assert_int_equal(xml_find(text_of("<a>four</a>"), "a", &out), XML_BROKEN);
    assert_int_equal(xml_find(text_of_bytes("<a>\0</a>", 8), "a", &out), XML_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_found_by_its_path),
        cmocka_unit_test(elements_elsewhere_are_not_meant),
        cmocka_unit_test(five_entities_and_references_are_decoded),
        cmocka_unit_test(other_entities_break_the_document),
        cmocka_unit_test(document_types_and_cdata_are_refused),
        cmocka_unit_test(what_is_not_well_formed_is_broken),
        cmocka_unit_test(the_same_element_twice_is_broken),
        cmocka_unit_test(depth_and_length_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
