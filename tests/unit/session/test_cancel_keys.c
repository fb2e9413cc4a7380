/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/cancel_keys.h"
#include "unit.h"

static struct text key_of(const char *bytes)
{
    return text_of_bytes(bytes, CANCEL_KEY_SIZE);
}

static void only_keys_of_sessions_are_known(void **state)
{
    (void)state;
    static struct cancel_keys keys;
    struct cancel_key first = {.is_known = false};
    struct cancel_key second = {.is_known = false};
    struct cancel_key third = {.is_known = false};
    cancel_keys_add(&keys, &first, key_of("\0\0\0\1abcd"));
    cancel_keys_add(&keys, &second, key_of("\0\0\4\1efgh")); /* in the same bucket */
    cancel_keys_add(&keys, &third, key_of("\0\0\0\2abcd"));
    assert_non_null(cancel_keys_find(&keys, key_of("\0\0\0\1abcd")));
    assert_non_null(cancel_keys_find(&keys, key_of("\0\0\4\1efgh")));
    assert_null(cancel_keys_find(&keys, key_of("\0\0\0\1abce")));
    assert_null(cancel_keys_find(&keys, key_of("\0\0\4\1abcd")));
    assert_null(cancel_keys_find(&keys, text_of_bytes("\0\0\0\1abc", 7)));
    assert_null(cancel_keys_find(&keys, text_of("")));

    cancel_keys_remove(&keys, &first);
    cancel_keys_remove(&keys, &first);
    assert_null(cancel_keys_find(&keys, key_of("\0\0\0\1abcd")));
    assert_non_null(cancel_keys_find(&keys, key_of("\0\0\4\1efgh")));
    cancel_keys_remove(&keys, &second);
    assert_null(cancel_keys_find(&keys, key_of("\0\0\4\1efgh")));
    assert_non_null(cancel_keys_find(&keys, key_of("\0\0\0\2abcd")));
}

static void key_of_another_size_is_not_kept(void **state)
{
    (void)state;
    static struct cancel_keys keys;
    struct cancel_key key = {.is_known = false};
    cancel_keys_add(&keys, &key, text_of_bytes("\0\0\0\1abcdefgh", 12));
    assert_false(key.is_known);
    cancel_keys_remove(&keys, &key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_keys_of_sessions_are_known),
        cmocka_unit_test(key_of_another_size_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
