/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Built twice: with the platform.c of the library, which uses what the system adds to POSIX, and
 * with one that was compiled without any of it (unit/base/platform_fallbacks).
 */
#include "base/platform.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_closed_by_exec(int descriptor)
{
    return (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0;
}

static void an_error_has_an_english_text(void **state)
{
    (void)state;
    char text[PLATFORM_ERROR_TEXT_SIZE];
    errno = EAGAIN;
    platform_error_text(ENOENT, text);
    assert_string_equal(text, "No such file or directory");
    assert_int_equal(errno, EAGAIN);
}

static void an_unknown_error_has_a_text(void **state)
{
    (void)state;
    char text[PLATFORM_ERROR_TEXT_SIZE];
    platform_error_text(123456, text);
    assert_true(strlen(text) > 0);
}

static void the_environment_is_read(void **state)
{
    (void)state;
    assert_int_equal(setenv("DSQL_TEST_PLATFORM", "value", 1), 0);
    assert_string_equal(platform_secure_getenv("DSQL_TEST_PLATFORM"), "value");
    assert_int_equal(unsetenv("DSQL_TEST_PLATFORM"), 0);
    assert_null(platform_secure_getenv("DSQL_TEST_PLATFORM"));
}

/* What a set-uid program would see; only root can become one. */
static void the_environment_is_hidden_from_a_set_uid_program(void **state)
{
    (void)state;
#ifdef DSQL_TEST_FALLBACKS /* secure_getenv() looks at how the program was started */
    if (getuid() != 0) {
        skip();
    }
    setenv("DSQL_TEST_PLATFORM", "value", 1);
    pid_t child = fork();
    if (child == 0) {
        bool is_hidden = seteuid(1) == 0 && platform_secure_getenv("DSQL_TEST_PLATFORM") == NULL;
        _exit(is_hidden ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
#else
    skip();
#endif
}

static void random_bytes_fill_the_place(void **state)
{
    (void)state;
    unsigned char bytes[1000] = {0};
    unsigned char seen[256] = {0};
    assert_true(platform_random_bytes(bytes, sizeof bytes - 1));
    assert_int_equal(bytes[sizeof bytes - 1], 0);
    int different = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        different += seen[bytes[i]] == 0;
        seen[bytes[i]] = 1;
    }
    assert_true(different > 150); /* 251 are expected of 999 random bytes */
}

static void a_pipe_is_closed_by_exec(void **state)
{
    (void)state;
    int ends[2];
    char got = '\0';
    assert_int_equal(platform_pipe(ends), 0);
    assert_true(is_closed_by_exec(ends[0]) && is_closed_by_exec(ends[1]));
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(read(ends[0], &got, 1), 1);
    assert_int_equal(got, 'x');
    close(ends[0]);
    close(ends[1]);
}

static void a_wakeup_makes_poll_return(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(platform_wakeup(ends), 0);
    assert_true(is_closed_by_exec(ends[0]) && is_closed_by_exec(ends[1]));
    struct pollfd fd = {.fd = ends[0], .events = POLLIN};
    const uint64_t one = 1;
    uint64_t got = 0;
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(write(ends[1], &one, sizeof one), sizeof one);
    assert_int_equal(poll(&fd, 1, 0), 1);
    assert_int_equal(read(ends[0], &got, sizeof got), sizeof got);
    assert_int_equal(read(ends[0], &got, sizeof got), -1);
    assert_int_equal(errno, EAGAIN);
    close(ends[0]);
    if (ends[1] != ends[0]) {
        close(ends[1]);
    }
}

static void a_socket_is_closed_by_exec(void **state)
{
    (void)state;
    int descriptor = platform_socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(descriptor >= 0);
    assert_true(is_closed_by_exec(descriptor));
    close(descriptor);
    assert_int_equal(platform_socket(-1, SOCK_STREAM, 0), -1);
    assert_true(errno == EAFNOSUPPORT || errno == EINVAL);
}

static void a_duplicate_is_closed_by_exec(void **state)
{
    (void)state;
    int from = open("/dev/null", O_RDWR);
    int to = open("/dev/zero", O_RDWR);
    char got;
    assert_true(from >= 0 && to >= 0);
    assert_int_equal(platform_dup_to(from, to), to);
    assert_true(is_closed_by_exec(to));
    assert_int_equal(read(to, &got, 1), 0); /* /dev/null has no bytes */
    close(from);
    close(to);
    assert_int_equal(platform_dup_to(from, to), -1);
    assert_int_equal(errno, EBADF);
}

static void a_temporary_file_is_new_and_private(void **state)
{
    (void)state;
    char first[] = "/tmp/dsql-platform-XXXXXX";
    char second[] = "/tmp/dsql-platform-XXXXXX";
    int files[] = {platform_temporary_file(first), platform_temporary_file(second)};
    struct stat status;
    assert_true(files[0] >= 0 && files[1] >= 0);
    assert_string_not_equal(first, second);
    assert_true(is_closed_by_exec(files[0]));
    assert_int_equal(fstat(files[0], &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(write(files[0], "x", 1), 1);
    for (int i = 0; i < 2; i++) {
        close(files[i]);
    }
    assert_int_equal(unlink(first) + unlink(second), 0);
}

static void a_temporary_file_needs_a_template_and_a_directory(void **state)
{
    (void)state;
    char no_template[] = "/tmp/dsql-platform-XXXXX";
    assert_int_equal(platform_temporary_file(no_template), -1);
    assert_int_equal(errno, EINVAL);
    char no_directory[] = "/tmp/dsql-no-such-directory/XXXXXX";
    assert_int_equal(platform_temporary_file(no_directory), -1);
    assert_int_equal(errno, ENOENT);
}

/* The sockets block: peeking must not. */
static void peeking_takes_nothing_and_does_not_wait(void **state)
{
    (void)state;
    int ends[2];
    char got = '\0';
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(platform_peek(ends[0], &got, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(write(ends[1], "x", 1), 1);
    for (int i = 0; i < 2; i++) {
        got = '\0';
        assert_int_equal(platform_peek(ends[0], &got, 1), 1);
        assert_int_equal(got, 'x');
    }
    assert_int_equal(read(ends[0], &got, 1), 1);
    close(ends[1]);
    assert_int_equal(platform_peek(ends[0], &got, 1), 0);
    close(ends[0]);
    assert_int_equal(platform_peek(ends[0], &got, 1), -1);
    assert_int_equal(errno, EBADF);
}

/* Not on the stack of the cancelled thread, which the address sanitizer would go on guarding. */
struct peek {
    int socket;
    ssize_t peeked;
    char got;
};

static void *peek_after_cancellation(void *arg)
{
    struct peek *peek = arg;
    pthread_cancel(pthread_self());
    peek->peeked = platform_peek(peek->socket, &peek->got, 1);
    pthread_testcancel();
    return NULL;
}

/* A pool looks at connections that a cancelled thread would take along. */
static void peeking_is_no_cancellation_point(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct peek peek = {.socket = ends[0]};
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, peek_after_cancellation, &peek), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_int_equal(peek.peeked, -1); /* reached, so the thread was not ended before */
    close(ends[0]);
    close(ends[1]);
}

static void all_descriptors_from_one_on_are_closed(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        int kept = dup2(STDERR_FILENO, 30);
        int closed[] = {dup2(STDERR_FILENO, 31), dup2(STDERR_FILENO, 100)};
        platform_close_from(31);
        bool is_right = fcntl(kept, F_GETFD) == 0 && fcntl(closed[0], F_GETFD) == -1 &&
                        fcntl(closed[1], F_GETFD) == -1;
        _exit(is_right ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Runs a shell that writes to the given descriptor; true if it could. */
static bool child_can_write(int descriptor, int close_from)
{
    char command[] = "echo x 2>/dev/null >&0";
    assert_true(descriptor < 10); /* a shell need not know numbers of two digits */
    command[sizeof command - 2] = (char)('0' + descriptor);
    char *no_variables[] = {NULL};
    char *words[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    int status = -1;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(platform_spawn_close_from(&actions, close_from), 0);
    assert_int_equal(posix_spawnp(&child, "sh", &actions, NULL, words, no_variables), 0);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void a_child_does_not_inherit_descriptors(void **state)
{
    (void)state;
    enum { LOW = 8, HIGH = 9 };
    int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(dup2(file, LOW), LOW);
    assert_int_equal(dup2(file, HIGH), HIGH);
    assert_true(child_can_write(LOW, HIGH));
    assert_false(child_can_write(HIGH, HIGH));
    assert_false(child_can_write(LOW, 3));
    assert_false(child_can_write(HIGH, 3));
    assert_int_equal(fcntl(HIGH, F_GETFD), 0); /* our own stay open */
    close(LOW);
    close(HIGH);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_an_english_text),
        cmocka_unit_test(an_unknown_error_has_a_text),
        cmocka_unit_test(the_environment_is_read),
        cmocka_unit_test(the_environment_is_hidden_from_a_set_uid_program),
        cmocka_unit_test(random_bytes_fill_the_place),
        cmocka_unit_test(a_pipe_is_closed_by_exec),
        cmocka_unit_test(a_wakeup_makes_poll_return),
        cmocka_unit_test(a_socket_is_closed_by_exec),
        cmocka_unit_test(a_duplicate_is_closed_by_exec),
        cmocka_unit_test(a_temporary_file_is_new_and_private),
        cmocka_unit_test(a_temporary_file_needs_a_template_and_a_directory),
        cmocka_unit_test(peeking_takes_nothing_and_does_not_wait),
        cmocka_unit_test(peeking_is_no_cancellation_point),
        cmocka_unit_test(all_descriptors_from_one_on_are_closed),
        cmocka_unit_test(a_child_does_not_inherit_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
