/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/cluster_lock.h"
#include "local/file.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static struct cluster cluster;

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dsql-test-XXXXXX");
    return mkdtemp(folder) == NULL || cluster_locate(&cluster, folder, NULL) != DSQL_OK;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder, NULL) != DSQL_OK;
}

/* A daemon in another process: it enters a phase for each byte that it is sent. */
struct daemon {
    pid_t pid;
    int orders;
    int answers;
};

static _Noreturn void be_daemon(int orders, int answers)
{
    struct cluster_lock lock = {0};
    char byte = cluster_lock_take(&cluster, &lock, NULL) == DSQL_OK ? 'y' : 'n';
    while (write(answers, &byte, 1) == 1 && read(orders, &byte, 1) == 1) {
        cluster_lock_set_phase(&lock, (enum cluster_phase)byte);
    }
    _exit(0);
}

static char read_answer(const struct daemon *daemon)
{
    char byte = 0;
    assert_int_equal(read(daemon->answers, &byte, 1), 1);
    return byte;
}

static struct daemon start_daemon(void)
{
    int orders[2];
    int answers[2];
    assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
    assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
    struct daemon daemon = {.pid = fork(), .orders = orders[1], .answers = answers[0]};
    if (daemon.pid == 0) {
        close(orders[1]);
        be_daemon(orders[0], answers[1]);
    }
    close(orders[0]);
    close(answers[1]);
    return daemon;
}

static void enter(const struct daemon *daemon, enum cluster_phase phase)
{
    char byte = (char)phase;
    assert_int_equal(write(daemon->orders, &byte, 1), 1);
    read_answer(daemon);
}

static void kill_daemon(const struct daemon *daemon)
{
    kill(daemon->pid, SIGKILL);
    waitpid(daemon->pid, NULL, 0);
    close(daemon->orders);
    close(daemon->answers);
}

static struct cluster_process look(void)
{
    struct cluster_process process = {0};
    assert_int_equal(cluster_lock_read(&cluster, &process, NULL), DSQL_OK);
    return process;
}

/* A cluster that is stopping has a process, and is not running. */
static void the_lock_shows_the_process_and_its_phase(void **state)
{
    (void)state;
    static const enum cluster_phase phases[] = {CLUSTER_RUNNING, CLUSTER_RESTARTING,
                                                CLUSTER_RUNNING, CLUSTER_STOPPING};
    assert_int_equal(look().phase, CLUSTER_STOPPED);
    struct daemon daemon = start_daemon();
    assert_int_equal(read_answer(&daemon), 'y');
    assert_int_equal(look().phase, CLUSTER_STARTING);
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        enter(&daemon, phases[i]);
        assert_int_equal(look().phase, phases[i]);
        assert_int_equal(look().pid, daemon.pid);
    }
    kill_daemon(&daemon);
    assert_int_equal(look().phase, CLUSTER_STOPPED);
    assert_int_equal(look().pid, 0);
}

static void only_one_process_gets_the_lock(void **state)
{
    (void)state;
    struct cluster_lock lock = {0};
    dsql_error err = {0};
    struct daemon daemon = start_daemon();
    assert_int_equal(read_answer(&daemon), 'y');
    assert_int_equal(cluster_lock_take(&cluster, &lock, &err), DSQL_ERR_USAGE);
    assert_true(cluster_lock_is_busy(&err));
    /* A fork() that fails has the same errno, and trying again would not end. */
    err = (dsql_error){.status = DSQL_ERR_SYSTEM, .os_errno = EAGAIN};
    assert_false(cluster_lock_is_busy(&err));
    kill_daemon(&daemon);
    assert_int_equal(cluster_lock_take(&cluster, &lock, &err), DSQL_OK);
    close(lock.fd);
}

/* The whole file, as daemons of earlier versions have it as long as they live. */
static void a_daemon_of_an_earlier_version_counts_as_running(void **state)
{
    (void)state;
    int ends[2];
    char byte = 'y';
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(cluster.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        bool ok = fcntl(fd, F_SETLK, &whole) == 0 && write(ends[1], &byte, 1) == 1;
        _exit(ok ? pause() : 1);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(look().phase, CLUSTER_RUNNING);
    assert_int_equal(look().pid, pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

static void a_lock_whose_file_was_deleted_is_noticed(void **state)
{
    (void)state;
    struct cluster_lock lock = {0};
    assert_int_equal(cluster_lock_take(&cluster, &lock, NULL), DSQL_OK);
    assert_true(cluster_lock_is_in_place(&cluster, &lock));
    unlink(cluster.lock);
    assert_false(cluster_lock_is_in_place(&cluster, &lock));
    assert_int_equal(file_replace(cluster.lock, 0644, text_of(""), NULL), DSQL_OK);
    assert_false(cluster_lock_is_in_place(&cluster, &lock));
    close(lock.fd);
}

/* The directory was deleted by another command after it was created: the start is tried again. */
static void a_directory_that_has_gone_is_no_final_failure(void **state)
{
    (void)state;
    struct cluster gone;
    struct cluster_lock lock = {0};
    dsql_error err = {0};
    char dir[96];
    snprintf(dir, sizeof dir, "%s/gone", folder);
    assert_int_equal(cluster_locate(&gone, dir, NULL), DSQL_OK);
    assert_int_equal(cluster_lock_take(&gone, &lock, &err), DSQL_ERR_USAGE);
    assert_true(cluster_lock_is_busy(&err));
}

/* Not "stopped": that would not be known. */
static void a_lock_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    struct cluster_process process;
    dsql_error err = {0};
    assert_int_equal(symlink(cluster.lock, cluster.lock), 0); /* ELOOP, also for root */
    assert_int_equal(cluster_lock_read(&cluster, &process, &err), DSQL_ERR_SYSTEM);
    assert_int_equal(err.os_errno, ELOOP);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_lock_shows_the_process_and_its_phase),
        IN_FOLDER(only_one_process_gets_the_lock),
        IN_FOLDER(a_daemon_of_an_earlier_version_counts_as_running),
        IN_FOLDER(a_lock_whose_file_was_deleted_is_noticed),
        IN_FOLDER(a_directory_that_has_gone_is_no_final_failure),
        IN_FOLDER(a_lock_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
