/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "net/listener.h"
#include "net/service_sockets.h"
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Far above what the test itself has open: the manager's place. */
enum { FIRST = 100 };

static int new_socket(int type, bool listens)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, type, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    if (listens) {
        assert_int_equal(listen(fd, 8), 0);
    }
    return fd;
}

/* As the manager passes it: at its number, and not closed by exec(). */
static void pass(int fd, int number)
{
    assert_int_equal(dup2(fd, number), number);
    close(fd);
}

static dsql_status take(struct service_sockets *taken, const char *fds, const char *names,
                        dsql_error *err)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    const struct service_variables variables = {pid, fds, names};
    return service_sockets_take(taken, &variables, FIRST, err);
}

static void sockets_are_taken_with_their_names(void **state)
{
    (void)state;
    struct service_sockets taken;
    dsql_error err = {0};
    pass(new_socket(SOCK_STREAM, true), FIRST);
    pass(new_socket(SOCK_STREAM, true), FIRST + 1);
    assert_int_equal(take(&taken, "2", "clients:metrics", &err), DSQL_OK);
    assert_int_equal(taken.count, 2);
    assert_int_equal(taken.sockets[1].fd, FIRST + 1);
    assert_int_equal(taken.sockets[1].family, AF_INET);
    assert_string_equal(taken.sockets[0].name, "clients");
    assert_string_equal(taken.sockets[1].name, "metrics");
    assert_true(fcntl(FIRST, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(FIRST, F_GETFL) & O_NONBLOCK);
    close(FIRST);
    close(FIRST + 1);
}

static void sockets_may_have_no_names(void **state)
{
    (void)state;
    struct service_sockets taken;
    pass(new_socket(SOCK_STREAM, true), FIRST);
    pass(new_socket(SOCK_STREAM, true), FIRST + 1);
    assert_int_equal(take(&taken, "2", NULL, NULL), DSQL_OK);
    assert_string_equal(taken.sockets[0].name, "");
    assert_int_equal(take(&taken, "2", "one", NULL), DSQL_OK);
    assert_string_equal(taken.sockets[0].name, "one");
    assert_string_equal(taken.sockets[1].name, "");
    close(FIRST);
    close(FIRST + 1);
}

static void sockets_of_another_process_are_left_alone(void **state)
{
    (void)state;
    struct service_sockets taken;
    char parent[16];
    snprintf(parent, sizeof parent, "%d", (int)getppid());
    const char *const pids[] = {NULL, "", parent, "x"};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        const struct service_variables variables = {.listen_pid = pids[i], .listen_fds = "1"};
        assert_int_equal(service_sockets_take(&taken, &variables, FIRST, NULL), DSQL_OK);
        assert_int_equal(taken.count, 0);
    }
}

static void sockets_that_do_not_listen_are_refused(void **state)
{
    (void)state;
    struct service_sockets taken;
    dsql_error err = {0};
    assert_int_equal(take(&taken, "1", NULL, &err), DSQL_ERR_USAGE); /* not open */
    pass(open("/dev/null", O_RDONLY), FIRST);
    assert_int_equal(take(&taken, "1", NULL, &err), DSQL_ERR_USAGE);
    pass(new_socket(SOCK_STREAM, false), FIRST);
    assert_int_equal(take(&taken, "1", NULL, &err), DSQL_ERR_USAGE);
    pass(new_socket(SOCK_DGRAM, false), FIRST);
    assert_int_equal(take(&taken, "1", NULL, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "descriptor 100"));
    assert_int_equal(taken.count, 0);
    close(FIRST);
}

static void an_invalid_number_of_sockets_is_refused(void **state)
{
    (void)state;
    static const char *const invalid[] = {NULL, "", "-1", "17", "1x"};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        struct service_sockets taken;
        dsql_error err = {0};
        assert_int_equal(take(&taken, invalid[i], NULL, &err), DSQL_ERR_USAGE);
        assert_non_null(strstr(err.message, "LISTEN_FDS"));
    }
}

/* ---- Accepting from one ---- */

struct world {
    uv_loop_t loop;
    struct listener listener;
    int accepted;
    int closed;
};

static int64_t on_connection(void *arg, uv_stream_t *server)
{
    struct world *world = arg;
    (void)server;
    world->accepted++;
    listener_close(&world->listener);
    return 0;
}

static void on_closed(void *arg)
{
    struct world *world = arg;
    world->closed++;
}

static void begin(struct world *world)
{
    memset(world, 0, sizeof *world);
    uv_loop_init(&world->loop);
    world->listener = (struct listener){
        .on_connection = on_connection, .on_closed = on_closed, .arg = world, .accepts_in_turn = 1};
}

static void end(struct world *world)
{
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(world->closed, 1);
    assert_int_equal(uv_loop_close(&world->loop), 0);
}

static void a_listener_adopts_a_socket(void **state)
{
    (void)state;
    struct world world;
    dsql_error err = {0};
    begin(&world);
    int fd = new_socket(SOCK_STREAM, true);
    assert_int_equal(listener_adopt(&world.listener, &world.loop, fd, &err), DSQL_OK);
    int port = listener_port(&world.listener);
    assert_true(port > 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    end(&world);
    assert_int_equal(world.accepted, 1);
    close(client);
}

static void a_listener_adopts_no_other_descriptor(void **state)
{
    (void)state;
    int others[] = {open("/dev/null", O_RDONLY), socket(AF_UNIX, SOCK_STREAM, 0)};
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        dsql_error err = {0};
        begin(&world);
        assert_int_equal(listener_adopt(&world.listener, &world.loop, others[i], &err),
                         DSQL_ERR_CONNECT);
        assert_int_equal(fcntl(others[i], F_GETFD), -1); /* closed */
        end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_are_taken_with_their_names),
        cmocka_unit_test(sockets_may_have_no_names),
        cmocka_unit_test(sockets_of_another_process_are_left_alone),
        cmocka_unit_test(sockets_that_do_not_listen_are_refused),
        cmocka_unit_test(an_invalid_number_of_sockets_is_refused),
        cmocka_unit_test(a_listener_adopts_a_socket),
        cmocka_unit_test(a_listener_adopts_no_other_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
