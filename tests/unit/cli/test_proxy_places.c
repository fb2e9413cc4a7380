/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/proxy_places.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void set(const char *state_home, const char *runtime, const char *home)
{
    const char *const pairs[][2] = {
        {"XDG_STATE_HOME", state_home}, {"XDG_RUNTIME_DIR", runtime}, {"HOME", home}};
    for (size_t i = 0; i < 3; i++) {
        if (pairs[i][1] == NULL) {
            unsetenv(pairs[i][0]);
        } else {
            setenv(pairs[i][0], pairs[i][1], 1);
        }
    }
}

static struct proxy_places found(const char *state, const char *sockets)
{
    struct proxy_places places;
    assert_int_equal(proxy_places_find(&places, state, true, sockets, NULL), DSQL_OK);
    return places;
}

static void directories_follow_xdg(void **state)
{
    (void)state;
    set("/xdg/state", "/run/user/7", "/home/u");
    assert_string_equal(found(NULL, NULL).state, "/xdg/state/dsql/proxy");
    assert_string_equal(found(NULL, NULL).sockets, "/run/user/7/dsql");
    assert_string_equal(found(NULL, NULL).password, "/xdg/state/dsql/proxy/password");
    set(NULL, NULL, "/home/u");
    assert_string_equal(found(NULL, NULL).state, "/home/u/.local/state/dsql/proxy");
    assert_string_equal(found(NULL, NULL).sockets, "/home/u/.local/state/dsql/proxy/run");
    set("relative", "relative", "/home/u");
    assert_string_equal(found(NULL, NULL).state, "/home/u/.local/state/dsql/proxy");
    assert_string_equal(found(NULL, NULL).sockets, "/home/u/.local/state/dsql/proxy/run");
}

static void directories_can_be_named(void **state)
{
    (void)state;
    char control[PROXY_PLACE_SIZE];
    set("/xdg/state", "/run/user/7", "/home/u");
    struct proxy_places places = found("/s/", "/k//");
    assert_string_equal(places.state, "/s");
    assert_string_equal(places.sockets, "/k");
    proxy_places_control(&places, 5433, control);
    assert_string_equal(control, "/s/control.5433");
    places = found("s", NULL);
    assert_int_equal(places.state[0], '/');
    assert_string_equal(strrchr(places.state, '/'), "/s");
    assert_int_equal(proxy_places_find(&places, NULL, false, NULL, NULL), DSQL_OK);
    assert_string_equal(places.sockets, "");
}

static void long_paths_are_refused_early(void **state)
{
    (void)state;
    struct proxy_places places;
    char path[PROXY_PLACE_SIZE * 2];
    dsql_error err = {0};
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_int_equal(proxy_places_find(&places, path, false, NULL, &err), DSQL_ERR_USAGE);
    path[PROXY_SOCKET_PATH_MAX - strlen("/control.65535") + 1] = '\0';
    assert_int_equal(proxy_places_find(&places, path, false, NULL, &err), DSQL_ERR_USAGE);
    path[PROXY_SOCKET_PATH_MAX - strlen("/control.65535")] = '\0';
    assert_int_equal(proxy_places_find(&places, path, false, NULL, &err), DSQL_OK);
    assert_int_equal(proxy_places_find(&places, "/s", true, path, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "too long for a Unix socket"));
}

static void missing_directories_are_closed_to_others(void **state)
{
    (void)state;
    char directory[] = "/tmp/dsql-places-XXXXXX";
    char path[128];
    struct stat info;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/a/b", directory);
    struct proxy_places places = found(path, directory);
    assert_int_equal(chmod(directory, 0755), 0);
    assert_int_equal(proxy_places_create(&places, NULL), DSQL_OK);
    assert_int_equal(proxy_places_create(&places, NULL), DSQL_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_int_equal(stat(directory, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0755);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_follow_xdg),
        cmocka_unit_test(directories_can_be_named),
        cmocka_unit_test(long_paths_are_refused_early),
        cmocka_unit_test(missing_directories_are_closed_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
