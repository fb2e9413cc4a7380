/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/backup_file.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { LARGE = 200000 }; /* more than two chunks */

/* A container in memory; free it. */
static char *write_container(struct text contents, struct text archive, size_t *len)
{
    char *bytes = NULL;
    FILE *out = open_memstream(&bytes, len);
    struct backup_writer writer;
    assert_non_null(out);
    assert_true(backup_writer_begin(&writer, out));
    backup_writer_add(&writer, BACKUP_CONTENTS, contents);
    backup_writer_add(&writer, BACKUP_ARCHIVE, archive);
    backup_writer_end(&writer, true);
    fclose(out);
    return bytes;
}

static dsql_status read_container(char *bytes, size_t len, struct buf *contents, char **archive,
                                  size_t *archive_len, dsql_error *err)
{
    FILE *in = fmemopen(bytes, len, "r");
    FILE *out = open_memstream(archive, archive_len);
    assert_non_null(in);
    assert_non_null(out);
    dsql_status status = backup_file_read(in, "test", contents, out, err);
    fclose(in);
    fclose(out);
    return status;
}

/* The status of reading, for containers that are not valid. */
static dsql_status status_of(char *bytes, size_t len, dsql_error *err)
{
    struct buf contents AUTO_BUF;
    char *archive = NULL;
    size_t archive_len = 0;
    buf_init(&contents, 1 << 20);
    dsql_status status = read_container(bytes, len, &contents, &archive, &archive_len, err);
    free(archive);
    return status;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static char large[LARGE];
    memset(large, 'E', sizeof large);
    large[0] = '{';
    size_t len = 0;
    char *bytes = write_container(text_of("{\"a\": 1}"), text_of_bytes(large, LARGE), &len);
    struct buf contents AUTO_BUF;
    char *archive = NULL;
    size_t archive_len = 0;
    buf_init(&contents, 1 << 20);
    assert_int_equal(read_container(bytes, len, &contents, &archive, &archive_len, NULL), DSQL_OK);
    assert_string_equal(contents.data, "{\"a\": 1}");
    assert_int_equal(archive_len, LARGE);
    assert_memory_equal(archive, large, LARGE);
    free(archive);
    free(bytes);
}

static void every_cut_and_every_changed_byte_is_found(void **state)
{
    (void)state;
    size_t len = 0;
    char *bytes = write_container(text_of("{}"), text_of("archive"), &len);
    dsql_error err = {0};
    for (size_t cut = 1; cut < len; cut++) {
        assert_int_equal(status_of(bytes, cut, &err), DSQL_ERR_USAGE);
    }
    assert_non_null(strstr(err.message, "is incomplete"));
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)(bytes[i] ^ 1);
        assert_int_equal(status_of(bytes, len, &err), DSQL_ERR_USAGE);
        bytes[i] = (char)(bytes[i] ^ 1);
    }
    assert_int_equal(status_of(bytes, len, NULL), DSQL_OK);
    free(bytes);
}

static void errors_say_what_to_do(void **state)
{
    (void)state;
    char old[] = "-- dsql local dump 1\nCREATE ROLE x;\n";
    char foreign[] = "something else that is longer";
    char large[] = "dsql local dump 2\nC\xff\xff\xff\xff";
    char order[] = "dsql local dump 2\nA\0\0\0\1xE";
    dsql_error err = {0};
    assert_int_equal(status_of(old, sizeof old - 1, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "dump it again"));
    assert_int_equal(status_of(foreign, sizeof foreign - 1, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "was not written by"));
    assert_int_equal(status_of(large, sizeof large - 1, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "a chunk of it is not valid"));
    assert_int_equal(status_of(order, sizeof order - 1, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "a chunk of it is not valid"));
}

static void contents_have_a_limit(void **state)
{
    (void)state;
    size_t len = 0;
    char *bytes = write_container(text_of("0123456789"), text_of("x"), &len);
    struct buf contents AUTO_BUF;
    char *archive = NULL;
    size_t archive_len = 0;
    dsql_error err = {0};
    buf_init(&contents, 5);
    assert_int_equal(read_container(bytes, len, &contents, &archive, &archive_len, &err),
                     DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "too large"));
    free(archive);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(every_cut_and_every_changed_byte_is_found),
        cmocka_unit_test(errors_say_what_to_do),
        cmocka_unit_test(contents_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
