/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "wire/backend.h"
#include "wire/message.h"

static void frame_waits_for_every_byte(void **state)
{
    (void)state;
    struct text whole = text_of_bytes("Q\0\0\0\x7hi\0tail", 12);
    struct frame frame;
    for (size_t len = 0; len < 8; len++) {
        assert_int_equal(frame_next(text_slice(whole, 0, len), 100, &frame), FRAME_NEEDS_MORE);
    }
    assert_int_equal(frame_next(whole, 100, &frame), FRAME_COMPLETE);
    assert_int_equal(frame.type, 'Q');
    assert_int_equal(frame.size, 8);
    assert_int_equal(frame.body.len, 3);
}

static void frame_refuses_nonsense_lengths(void **state)
{
    (void)state;
    struct frame frame;
    assert_int_equal(frame_next(text_of_bytes("Q\0\0\0\x3", 5), 100, &frame), FRAME_MALFORMED);
    assert_int_equal(frame_next(text_of_bytes("Q\0\0\0\x65", 5), 100, &frame), FRAME_MALFORMED);
    assert_int_equal(frame_next(text_of_bytes("Q\xff\xff\xff\xff", 5), FRAME_CLIENT_MAX, &frame),
                     FRAME_MALFORMED);
}

static void scan_follows_a_stream_cut_anywhere(void **state)
{
    (void)state;
    struct text whole = text_of_bytes("Q\0\0\0\x7hi\0S\0\0\0\x4", 13);
    for (size_t cut = 0; cut <= whole.len; cut++) {
        struct frame_scan scan;
        frame_scan_init(&scan, 100);
        assert_true(frame_scan(&scan, text_slice(whole, 0, cut)));
        assert_int_equal(frame_scan_is_between(&scan), cut == 0 || cut == 8 || cut == 13);
        assert_true(frame_scan(&scan, text_slice(whole, cut, whole.len)));
        assert_true(frame_scan_is_between(&scan));
    }
}

static void run_ends_before_what_is_not_whole_or_another_type(void **state)
{
    (void)state;
    const char bytes[] = "D\0\0\0\5aD\0\0\0\4C\0\0\0\4";
    const size_t rows = 11;
    struct text all = text_of_bytes(bytes, sizeof bytes - 1);
    assert_int_equal(frame_run(all, 'D', 100), rows);
    assert_int_equal(frame_run(all, 'C', 100), 0);
    assert_int_equal(frame_run(text_of(""), 'D', 100), 0);
    for (size_t cut = 0; cut < rows; cut++) {
        assert_int_equal(frame_run(text_slice(all, 0, cut), 'D', 100), cut < 6 ? 0 : 6);
    }
    assert_int_equal(frame_run(all, 'D', 4), 0); /* too long */
    assert_int_equal(frame_run(text_of_bytes("D\0\0\0\3", 5), 'D', 100), 0);
}

static void scan_is_placed_by_its_owner(void **state)
{
    (void)state;
    struct frame_scan scan;
    frame_scan_init(&scan, 100);
    frame_scan_place(&scan, false);
    assert_false(frame_scan_is_between(&scan));
    frame_scan_place(&scan, true);
    assert_true(frame_scan_is_between(&scan));
}

/* How many messages begin in bytes, and their bodies, one after the other. */
static size_t scan_all(struct frame_scan *scan, struct text bytes, struct buf *bodies)
{
    size_t begun = 0;
    while (!text_is_empty(bytes)) {
        struct text body;
        assert_true(frame_scan_next(scan, &bytes, &body));
        begun += scan->has_begun ? 1 : 0;
        buf_add_text(bodies, body);
    }
    return begun;
}

static void scan_reports_each_message_once(void **state)
{
    (void)state;
    struct text whole = text_of_bytes("Q\0\0\0\x7hi\0S\0\0\0\x4P\0\0\0\x5x", 19);
    for (size_t cut = 0; cut <= whole.len; cut++) {
        struct frame_scan scan;
        struct buf bodies AUTO_BUF;
        buf_init(&bodies, 100);
        frame_scan_init(&scan, 100);
        size_t begun = scan_all(&scan, text_slice(whole, 0, cut), &bodies);
        begun += scan_all(&scan, text_slice(whole, cut, whole.len), &bodies);
        assert_int_equal(begun, 3);
        assert_true(text_equal(buf_text(&bodies), text_of_bytes("hi\0x", 4)));
    }
}

static void scan_refuses_a_long_message(void **state)
{
    (void)state;
    struct frame_scan scan;
    frame_scan_init(&scan, 100);
    assert_true(frame_scan(&scan, text_of_bytes("Q\0\0\0", 4)));
    assert_false(frame_scan(&scan, text_of_bytes("\x65", 1)));
    frame_scan_init(&scan, 100);
    assert_false(frame_scan(&scan, text_of_bytes("Q\0\0\0\x65", 5)));
    frame_scan_init(&scan, 100);
    assert_false(frame_scan(&scan, text_of_bytes("Q\0\0\0\x3", 5)));
}

static void error_fields_come_back(void **state)
{
    (void)state;
    struct buf bytes AUTO_BUF;
    buf_init(&bytes, 1000);
    const struct error_fields fields = {text_of("FATAL"), text_of("08006"), text_of("no"),
                                        text_of(""), text_of("why")};
    backend_write_error(&bytes, &fields);
    struct frame frame;
    assert_int_equal(frame_next(buf_text(&bytes), 1000, &frame), FRAME_COMPLETE);
    struct error_fields read;
    assert_true(backend_parse_error(frame.body, &read));
    assert_true(text_equal_string(read.sqlstate, "08006"));
    assert_true(text_equal_string(read.hint, "why"));
    assert_true(text_is_empty(read.detail));
}

static void error_fields_without_end_are_refused(void **state)
{
    (void)state;
    struct error_fields read;
    assert_false(backend_parse_error(text_of(""), &read) && read.sqlstate.len > 0);
    assert_false(backend_parse_error(text_of_bytes("C08006", 6), &read));
    assert_false(backend_parse_error(text_of_bytes("C08006\0", 7), &read));
    assert_true(backend_parse_error(text_of_bytes("\0", 1), &read));
}

static void single_column_is_one_and_not_null(void **state)
{
    (void)state;
    struct text value;
    assert_true(backend_parse_single_column(text_of_bytes("\0\1\0\0\0\1t", 7), &value));
    assert_true(text_equal_string(value, "t"));
    assert_false(backend_parse_single_column(text_of_bytes("\0\1\xff\xff\xff\xff", 6), &value));
    assert_false(backend_parse_single_column(text_of_bytes("\0\2\0\0\0\1t", 7), &value));
}

static void parameter_comes_back(void **state)
{
    (void)state;
    struct buf bytes AUTO_BUF;
    buf_init(&bytes, 1000);
    backend_write_parameter(&bytes, text_of("server_version"), text_of("16.15"));
    struct frame frame;
    assert_int_equal(frame_next(buf_text(&bytes), 1000, &frame), FRAME_COMPLETE);
    struct text name;
    struct text value;
    assert_true(backend_parse_parameter(frame.body, &name, &value));
    assert_true(text_equal_string(value, "16.15"));
    assert_false(backend_parse_parameter(text_of_bytes("name", 4), &name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_waits_for_every_byte),
        cmocka_unit_test(frame_refuses_nonsense_lengths),
        cmocka_unit_test(scan_follows_a_stream_cut_anywhere),
        cmocka_unit_test(scan_reports_each_message_once),
        cmocka_unit_test(scan_refuses_a_long_message),
        cmocka_unit_test(run_ends_before_what_is_not_whole_or_another_type),
        cmocka_unit_test(scan_is_placed_by_its_owner),
        cmocka_unit_test(error_fields_come_back),
        cmocka_unit_test(error_fields_without_end_are_refused),
        cmocka_unit_test(single_column_is_one_and_not_null),
        cmocka_unit_test(parameter_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
