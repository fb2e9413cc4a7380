/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "net/service_notify.h"
#include "unit.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A service manager: a socket that receives one datagram at a time. */
struct manager {
    int fd;
    char directory[64];
    char path[96];
    char received[1024];
};

static void bind_path(struct manager *manager)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(manager->directory, sizeof manager->directory, "/tmp/dsql-notify.XXXXXX");
    assert_non_null(mkdtemp(manager->directory));
    snprintf(manager->path, sizeof manager->path, "%s/notify", manager->directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", manager->path);
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager->fd, (struct sockaddr *)&address, sizeof address), 0);
}

static void end(struct manager *manager)
{
    close(manager->fd);
    unlink(manager->path);
    rmdir(manager->directory);
}

static const char *receive(struct manager *manager)
{
    ssize_t len = recv(manager->fd, manager->received, sizeof manager->received - 1, 0);
    manager->received[len < 0 ? 0 : len] = '\0';
    return manager->received;
}

static void notify_sends_each_state_with_its_status(void **state)
{
    (void)state;
    struct manager manager;
    struct service_notify notify;
    dsql_error err = {0};
    bind_path(&manager);
    assert_int_equal(service_notify_init(&notify, manager.path, &err), DSQL_OK);
    assert_int_equal(service_notify_status(&notify, "starting PostgreSQL", &err), DSQL_OK);
    assert_string_equal(receive(&manager), "STATUS=starting PostgreSQL");
    assert_int_equal(service_notify_ready(&notify, "port 5432", &err), DSQL_OK);
    assert_string_equal(receive(&manager), "READY=1\nSTATUS=port 5432");
    assert_int_equal(service_notify_stopping(&notify, "stopping", &err), DSQL_OK);
    assert_string_equal(receive(&manager), "STOPPING=1\nSTATUS=stopping");
    end(&manager);
}

static void notify_reaches_an_abstract_socket(void **state)
{
    (void)state;
    struct manager manager = {0};
    struct service_notify notify;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* The kernel chooses the name: five hexadecimal digits. */
    socklen_t size = offsetof(struct sockaddr_un, sun_path);
    manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager.fd, (struct sockaddr *)&address, size), 0);
    size = sizeof address;
    assert_int_equal(getsockname(manager.fd, (struct sockaddr *)&address, &size), 0);
    snprintf(manager.path, sizeof manager.path, "@%.*s",
             (int)(size - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
    assert_int_equal(service_notify_init(&notify, manager.path, NULL), DSQL_OK);
    assert_int_equal(service_notify_ready(&notify, "", NULL), DSQL_OK);
    assert_string_equal(receive(&manager), "READY=1\nSTATUS=");
    close(manager.fd);
}

/* A line of an error message must not become READY=1. */
static void notify_keeps_the_status_in_one_line(void **state)
{
    (void)state;
    struct manager manager;
    struct service_notify notify;
    bind_path(&manager);
    assert_int_equal(service_notify_init(&notify, manager.path, NULL), DSQL_OK);
    assert_int_equal(service_notify_status(&notify, "broken\nREADY=1\r\tx", NULL), DSQL_OK);
    assert_string_equal(receive(&manager), "STATUS=broken READY=1  x");
    end(&manager);
}

static void notify_cuts_a_long_status_between_characters(void **state)
{
    (void)state;
    struct manager manager;
    struct service_notify notify;
    char words[1024] = "";
    bind_path(&manager);
    memset(words, 'a', 399);
    memcpy(words + 399, "\xc3\xa9 and more", 12); /* one character in two bytes */
    assert_int_equal(service_notify_init(&notify, manager.path, NULL), DSQL_OK);
    assert_int_equal(service_notify_status(&notify, words, NULL), DSQL_OK);
    assert_int_equal(strlen(receive(&manager)), strlen("STATUS=") + 399);
    end(&manager);
}

static void notify_does_nothing_without_a_manager(void **state)
{
    (void)state;
    static const char *const none[] = {NULL, ""};
    for (size_t i = 0; i < 2; i++) {
        struct service_notify notify;
        assert_int_equal(service_notify_init(&notify, none[i], NULL), DSQL_OK);
        assert_int_equal(service_notify_ready(&notify, "x", NULL), DSQL_OK);
    }
}

static void notify_refuses_an_invalid_address(void **state)
{
    (void)state;
    char long_path[200];
    memset(long_path, 'x', sizeof long_path);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    const char *const invalid[] = {"relative", "/", "@", "vsock:2:1234", long_path};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        struct service_notify notify;
        dsql_error err = {0};
        assert_int_equal(service_notify_init(&notify, invalid[i], &err), DSQL_ERR_USAGE);
        assert_non_null(strstr(err.message, "NOTIFY_SOCKET"));
        assert_int_equal(service_notify_ready(&notify, "x", NULL), DSQL_OK);
    }
}

static void notify_reports_a_manager_that_has_gone(void **state)
{
    (void)state;
    struct service_notify notify;
    dsql_error err = {0};
    assert_int_equal(service_notify_init(&notify, "/tmp/dsql-no-such-dir/notify", NULL), DSQL_OK);
    assert_int_equal(service_notify_ready(&notify, "x", &err), DSQL_ERR_SYSTEM);
    assert_int_equal(err.os_errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notify_sends_each_state_with_its_status),
        cmocka_unit_test(notify_reaches_an_abstract_socket),
        cmocka_unit_test(notify_keeps_the_status_in_one_line),
        cmocka_unit_test(notify_cuts_a_long_status_between_characters),
        cmocka_unit_test(notify_does_nothing_without_a_manager),
        cmocka_unit_test(notify_refuses_an_invalid_address),
        cmocka_unit_test(notify_reports_a_manager_that_has_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
