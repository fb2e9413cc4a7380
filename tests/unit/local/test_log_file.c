/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/log_file.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, MOST_CHUNKS = 16 * LOG_FILE_MAX_SIZE / CHUNK };

static struct {
    char directory[64];
    char log[96];
    char earlier[PATH_MAX];
    atomic_bool is_done;
} fixture;

static int set_up(void **state)
{
    (void)state;
    fixture.is_done = false;
    snprintf(fixture.directory, sizeof fixture.directory, "/tmp/dsql-log.XXXXXX");
    if (mkdtemp(fixture.directory) == NULL) {
        return -1;
    }
    snprintf(fixture.log, sizeof fixture.log, "%s/log", fixture.directory);
    return log_file_earlier(fixture.log, fixture.earlier) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(fixture.log);
    unlink(fixture.earlier);
    return rmdir(fixture.directory);
}

/* Writes chunks of one letter; false if it could not. */
static bool append(char letter, int chunks)
{
    char chunk[CHUNK];
    memset(chunk, letter, sizeof chunk);
    int fd = open(fixture.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    for (int i = 0; ok && i < chunks && !fixture.is_done; i++) {
        ok = write(fd, chunk, sizeof chunk) == CHUNK;
    }
    return fd >= 0 && close(fd) == 0 && ok;
}

static off_t size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : -1;
}

static char first_letter(const char *path)
{
    char letter = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, &letter, 1) == 1);
    close(fd);
    return letter;
}

static void a_log_within_the_limit_stays(void **state)
{
    (void)state;
    log_file_rotate(fixture.log); /* there is none */
    assert_true(append('a', LOG_FILE_MAX_SIZE / CHUNK));
    log_file_rotate(fixture.log);
    assert_int_equal(size_of(fixture.log), LOG_FILE_MAX_SIZE);
    assert_int_equal(size_of(fixture.earlier), -1);
}

static void the_end_of_a_larger_log_is_kept(void **state)
{
    (void)state;
    assert_true(append('a', 3) && append('b', LOG_FILE_MAX_SIZE / CHUNK));
    log_file_rotate(fixture.log);
    assert_int_equal(size_of(fixture.log), 0);
    assert_int_equal(size_of(fixture.earlier), LOG_FILE_MAX_SIZE);
    assert_int_equal(first_letter(fixture.earlier), 'b');
}

static void *go_on_writing(void *arg)
{
    (void)arg;
    (void)append('c', MOST_CHUNKS);
    return NULL;
}

static void the_copy_of_a_log_that_grows_is_bounded(void **state)
{
    (void)state;
    pthread_t writer;
    assert_true(append('a', LOG_FILE_MAX_SIZE / CHUNK + 1));
    assert_int_equal(pthread_create(&writer, NULL, go_on_writing, NULL), 0);
    log_file_rotate(fixture.log);
    fixture.is_done = true;
    pthread_join(writer, NULL);
    assert_int_equal(size_of(fixture.earlier), LOG_FILE_MAX_SIZE);
}

static void a_log_is_not_followed_out_of_its_directory(void **state)
{
    (void)state;
    char target[128];
    snprintf(target, sizeof target, "%s/target", fixture.directory);
    assert_true(append('a', LOG_FILE_MAX_SIZE / CHUNK + 1));
    assert_int_equal(rename(fixture.log, target), 0);
    assert_int_equal(symlink(target, fixture.log), 0);
    log_file_rotate(fixture.log);
    assert_int_equal(size_of(target), LOG_FILE_MAX_SIZE + CHUNK);
    assert_int_equal(unlink(target), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_log_within_the_limit_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_a_larger_log_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_copy_of_a_log_that_grows_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_log_is_not_followed_out_of_its_directory, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
