/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/answers.h"
#include "unit.h"

#include <string.h>

static char subject_y = 'y';

struct fixture {
    struct answers answers;
    struct buf made;
    char settled[64]; /* one letter a subject, upper case if its answer came */
    size_t settled_len;
};

static void note_settled(void *arg, const struct answer *answer, enum answer_outcome outcome)
{
    struct fixture *fixture = arg;
    char c = *(const char *)answer->subject;
    fixture->settled[fixture->settled_len++] = (char)(outcome == ANSWER_DONE ? c - 'a' + 'A' : c);
}

static void begin(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    buf_init(&fixture->made, 1024);
    answers_init(&fixture->answers, note_settled, fixture);
}

static void end(struct fixture *fixture)
{
    answers_clear(&fixture->answers);
    buf_clear(&fixture->made);
}

static void expect_answers(struct fixture *fixture, const char *kinds)
{
    static const char letters[] = "PBCDdESQF";
    static char subjects[] = "pbcxdesqf";
    for (; *kinds != '\0'; kinds++) {
        size_t kind = (size_t)(strchr(letters, *kinds) - letters);
        assert_true(answers_expect(&fixture->answers, (enum answer_kind)kind, ANSWER_PASS,
                                   &subjects[kind]));
    }
}

/* Each message must be one that is passed on. */
static void receive(struct fixture *fixture, const char *types)
{
    for (; *types != '\0'; types++) {
        assert_int_equal(answers_receive(&fixture->answers, *types), ANSWERS_PASS);
        answers_next(&fixture->answers, *types, 'I', &fixture->made);
    }
}

static void a_batch_is_complete_after_its_sync(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_true(answers_are_complete(&fixture.answers));
    expect_answers(&fixture, "PDBdE");
    receive(&fixture, "1tT2nDDC");
    assert_int_equal(fixture.answers.count, 0);
    assert_false(answers_are_complete(&fixture.answers));
    expect_answers(&fixture, "S");
    receive(&fixture, "Z");
    assert_true(answers_are_complete(&fixture.answers));
    assert_string_equal(fixture.settled, "PXBDES");
    end(&fixture);
}

static void what_nobody_asked_for_is_invalid(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_int_equal(answers_receive(&fixture.answers, 'Z'), ANSWERS_INVALID);
    assert_int_equal(answers_receive(&fixture.answers, 'N'), ANSWERS_PASS);
    assert_int_equal(answers_receive(&fixture.answers, 'E'), ANSWERS_PASS);
    expect_answers(&fixture, "P");
    assert_int_equal(answers_receive(&fixture.answers, '2'), ANSWERS_INVALID);
    assert_int_equal(answers_receive(&fixture.answers, 'D'), ANSWERS_INVALID);
    assert_int_equal(answers_receive(&fixture.answers, '\0'), ANSWERS_INVALID);
    end(&fixture);
}

static void an_error_skips_to_the_next_sync(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect_answers(&fixture, "PBESPBES");
    receive(&fixture, "1E");
    assert_false(fixture.answers.is_skipping);
    assert_string_equal(fixture.settled, "Pbe");
    receive(&fixture, "Z12CZ");
    assert_true(answers_are_complete(&fixture.answers));
    end(&fixture);
}

/* The server also skips a Query then. */
static void an_error_before_sync_was_sent_skips_on(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect_answers(&fixture, "PBQ");
    receive(&fixture, "E");
    assert_true(fixture.answers.is_skipping);
    assert_int_equal(fixture.answers.count, 0);
    expect_answers(&fixture, "S");
    assert_false(fixture.answers.is_skipping);
    receive(&fixture, "Z");
    assert_true(answers_are_complete(&fixture.answers));
    end(&fixture);
}

static void an_error_of_a_query_or_of_the_commit_skips_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect_answers(&fixture, "QBESQ");
    receive(&fixture, "EZ2CEZCZ");
    assert_true(answers_are_complete(&fixture.answers));
    end(&fixture);
}

static void made_answers_come_in_their_turn(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect_answers(&fixture, "B");
    assert_true(answers_expect_text(&fixture.answers, ANSWER_PARSE, ANSWER_MAKE, &subject_y,
                                    text_of("made")));
    expect_answers(&fixture, "S");
    answers_flush(&fixture.answers, &fixture.made);
    assert_int_equal(fixture.made.len, 0);
    receive(&fixture, "2");
    assert_string_equal(fixture.made.data, "made");
    receive(&fixture, "Z");
    assert_string_equal(fixture.settled, "BYS");
    /* An error before it skips it. */
    expect_answers(&fixture, "B");
    assert_true(answers_expect_text(&fixture.answers, ANSWER_PARSE, ANSWER_MAKE, &subject_y,
                                    text_of("made")));
    expect_answers(&fixture, "S");
    receive(&fixture, "EZ");
    assert_string_equal(fixture.made.data, "made");
    assert_string_equal(fixture.settled, "BYSbyS");
    end(&fixture);
}

static void the_proxys_own_messages_are_swallowed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_true(answers_expect(&fixture.answers, ANSWER_PARSE, ANSWER_SWALLOW, NULL));
    assert_int_equal(answers_receive(&fixture.answers, '1'), ANSWERS_SWALLOW);
    assert_int_equal(answers_receive(&fixture.answers, 'N'), ANSWERS_SWALLOW);
    /* Its error is that of the client's message, which the server skips. */
    assert_int_equal(answers_receive(&fixture.answers, 'E'), ANSWERS_PASS);
    answers_next(&fixture.answers, '1', 0, &fixture.made);
    assert_true(answers_expect(&fixture.answers, ANSWER_QUERY, ANSWER_SWALLOW, NULL));
    assert_int_equal(answers_receive(&fixture.answers, 'E'), ANSWERS_SWALLOW);
    answers_next(&fixture.answers, 'E', 0, &fixture.made);
    assert_int_equal(answers_receive(&fixture.answers, 'Z'), ANSWERS_SWALLOW);
    answers_next(&fixture.answers, 'Z', 'T', &fixture.made);
    assert_int_equal(fixture.answers.status, 'T');
    assert_true(answers_are_complete(&fixture.answers));
    end(&fixture);
}

static void errors_are_replaced(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_true(answers_expect_text(&fixture.answers, ANSWER_DESCRIBE_STATEMENT,
                                    ANSWER_REPLACE_ERROR, NULL, text_of("other")));
    assert_int_equal(answers_receive(&fixture.answers, 't'), ANSWERS_INVALID);
    assert_int_equal(answers_receive(&fixture.answers, 'E'), ANSWERS_REPLACE);
    assert_true(text_equal_string(answers_made(&fixture.answers), "other"));
    answers_next(&fixture.answers, 'E', 0, &fixture.made);
    assert_true(fixture.answers.is_skipping);
    end(&fixture);
}

/* libpq sends Sync together with Execute, and another one after CopyDone. */
static void copy_ignores_the_sync_that_was_sent_before(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect_answers(&fixture, "PBES");
    receive(&fixture, "12G");
    assert_true(fixture.answers.is_copy_in);
    assert_false(answers_are_complete(&fixture.answers));
    assert_true(answers_end_copy(&fixture.answers));
    expect_answers(&fixture, "S");
    receive(&fixture, "CZ");
    assert_true(answers_are_complete(&fixture.answers));
    end(&fixture);
}

static void a_client_that_does_not_wait_for_copy(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect_answers(&fixture, "BE");
    assert_true(answers_end_copy(&fixture.answers));
    expect_answers(&fixture, "S");
    receive(&fixture, "2G");
    assert_false(fixture.answers.is_copy_in);
    receive(&fixture, "CZ");
    assert_true(answers_are_complete(&fixture.answers));
    expect_answers(&fixture, "Q");
    receive(&fixture, "G");
    assert_true(fixture.answers.is_copy_in);
    receive(&fixture, "E");
    assert_false(fixture.answers.is_copy_in);
    receive(&fixture, "Z");
    assert_true(answers_are_complete(&fixture.answers));
    end(&fixture);
}

static void the_end_settles_everything(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    for (int i = 0; i < 40; i++) {
        expect_answers(&fixture, "B");
    }
    receive(&fixture, "2222");
    expect_answers(&fixture, "Q");
    answers_clear(&fixture.answers);
    assert_int_equal(fixture.settled_len, 41);
    assert_int_equal(fixture.settled[3], 'B');
    assert_int_equal(fixture.settled[4], 'b');
    assert_int_equal(fixture.settled[40], 'q');
    end(&fixture);
}

static void there_is_a_maximum(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    for (int i = 0; i < ANSWERS_MAX; i++) {
        assert_true(answers_expect(&fixture.answers, ANSWER_BIND, ANSWER_PASS, NULL));
    }
    assert_false(answers_expect(&fixture.answers, ANSWER_BIND, ANSWER_PASS, NULL));
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_complete_after_its_sync),
        cmocka_unit_test(what_nobody_asked_for_is_invalid),
        cmocka_unit_test(an_error_skips_to_the_next_sync),
        cmocka_unit_test(an_error_before_sync_was_sent_skips_on),
        cmocka_unit_test(an_error_of_a_query_or_of_the_commit_skips_nothing),
        cmocka_unit_test(made_answers_come_in_their_turn),
        cmocka_unit_test(the_proxys_own_messages_are_swallowed),
        cmocka_unit_test(errors_are_replaced),
        cmocka_unit_test(copy_ignores_the_sync_that_was_sent_before),
        cmocka_unit_test(a_client_that_does_not_wait_for_copy),
        cmocka_unit_test(the_end_settles_everything),
        cmocka_unit_test(there_is_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
