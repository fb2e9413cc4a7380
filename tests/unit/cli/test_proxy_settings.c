/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/proxy_settings.h"
#include "unit.h"

#include <string.h>

/* Pairs of names and values that end with NULL. */
struct world {
    const char *const *options;
    const char *const *variables;
    const char *file;
};

static const char *find(const char *const *pairs, const char *name)
{
    for (size_t i = 0; pairs != NULL && pairs[i] != NULL; i += 2) {
        if (strcmp(pairs[i], name) == 0) {
            return pairs[i + 1];
        }
    }
    return NULL;
}

static const char *option(void *arg, const char *name)
{
    return find(((struct world *)arg)->options, name);
}

static const char *environment(void *arg, const char *name)
{
    return find(((struct world *)arg)->variables, name);
}

static dsql_status read_file(void *arg, const char *path, struct buf *content, dsql_error *err)
{
    (void)err;
    assert_string_equal(path, "proxy.conf");
    buf_add_string(content, ((struct world *)arg)->file);
    return DSQL_OK;
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static dsql_status read_settings(struct proxy_settings *settings, struct world *world,
                                 char *const *clusters, size_t count, dsql_error *err)
{
    const struct proxy_sources sources = {.option = option,
                                          .environment = environment,
                                          .read_file = read_file,
                                          .arg = world,
                                          .clusters = clusters,
                                          .cluster_count = count};
    return proxy_settings_read(settings, &sources, err);
}

static char *const one_cluster[] = {(char[]){"abc?port=5433"}};

static void defaults_are_safe(void **state)
{
    (void)state;
    struct world world = {.file = ""};
    struct proxy_settings settings;
    assert_int_equal(read_settings(&settings, &world, one_cluster, 1, NULL), DSQL_OK);
    assert_string_equal(settings.listen_address, "127.0.0.1");
    assert_true(settings.has_socket);
    assert_null(settings.socket_directory);
    assert_int_equal(settings.authentication, PROXY_AUTH_SCRAM);
    assert_int_equal(settings.pool_mode, PROXY_POOL_SESSION);
    assert_int_equal(settings.drain_s, 30);
    assert_int_equal(settings.retries, 7);
    assert_null(settings.http_address);
    assert_false(settings.is_strict);
    assert_false(settings.is_for_dump);
    assert_int_equal(settings.target_count, 1);
    assert_int_equal(settings.targets[0].port, 5433);
    proxy_settings_clear(&settings);
}

static void first_place_that_has_a_value_wins(void **state)
{
    (void)state;
    struct world world = {
        .options = PAIRS("config", "proxy.conf", "drain", "1"),
        .variables = PAIRS("DSQL_PROXY_DRAIN", "2", "DSQL_PROXY_POOL_MODE", "transaction"),
        .file = "drain 3\nretries 4\nretries 5\npool-mode session\nstrict\ncluster file\n"};
    struct proxy_settings settings;
    assert_int_equal(read_settings(&settings, &world, one_cluster, 1, NULL), DSQL_OK);
    assert_int_equal(settings.drain_s, 1);
    assert_int_equal(settings.pool_mode, PROXY_POOL_TRANSACTION);
    assert_int_equal(settings.retries, 5);
    assert_true(settings.is_strict);
    assert_int_equal(settings.target_count, 1);
    assert_string_equal(settings.targets[0].host, "abc");
    proxy_settings_clear(&settings);
}

static void every_option_has_a_variable(void **state)
{
    (void)state;
    struct world world = {
        .variables = PAIRS(
            "DSQL_PROXY_CONFIG", "proxy.conf", "DSQL_PROXY_LISTEN", "::", "DSQL_PROXY_SOCKET_DIR",
            "none", "DSQL_PROXY_SOCKET_USERS", "root, root", "DSQL_PROXY_AUTH", "scram",
            "DSQL_PROXY_PASSWORD_FILE", "/p", "DSQL_PROXY_TLS_CERT", "/c", "DSQL_PROXY_TLS_KEY",
            "/k", "DSQL_PROXY_HTTP", "[::1]:9090", "DSQL_PROXY_RETRIES", "0", "DSQL_PROXY_STRICT",
            "true", "DSQL_PROXY_MAX_CLIENTS", "10", "DSQL_PROXY_LIFETIME", "60",
            "DSQL_PROXY_LOG_FORMAT", "json", "DSQL_PROXY_STATE_DIR", "/s", "DSQL_PROXY_FOR",
            "pg_dump", "DSQL_PROXY_CLUSTERS", " a?port=1  b "),
        .file = ""};
    struct proxy_settings settings;
    assert_int_equal(read_settings(&settings, &world, NULL, 0, NULL), DSQL_OK);
    assert_string_equal(settings.listen_address, "::");
    assert_false(settings.has_socket);
    assert_int_equal(settings.socket_user_count, 2);
    assert_int_equal(settings.socket_users[1], 0);
    assert_string_equal(settings.password_file, "/p");
    assert_string_equal(settings.tls_cert, "/c");
    assert_string_equal(settings.tls_key, "/k");
    assert_string_equal(settings.http_address, "::1");
    assert_int_equal(settings.http_port, 9090);
    assert_int_equal(settings.retries, 0);
    assert_true(settings.is_for_dump);
    assert_true(settings.is_strict);
    assert_int_equal(settings.max_clients, 10);
    assert_int_equal(settings.lifetime_s, 60);
    assert_true(settings.has_json_log);
    assert_string_equal(settings.state_directory, "/s");
    assert_int_equal(settings.target_count, 2);
    assert_int_equal(settings.targets[0].port, 1);
    assert_string_equal(settings.targets[1].host, "b");
    assert_int_equal(settings.targets[1].port, 5432);
    proxy_settings_clear(&settings);
}

static void clusters_get_different_ports(void **state)
{
    (void)state;
    char *const clusters[] = {(char[]){"a"}, (char[]){"b?port=5432"}, (char[]){"c"},
                              (char[]){"d?port=0"}, (char[]){"e?port=0"}};
    struct world world = {.file = ""};
    struct proxy_settings settings;
    assert_int_equal(read_settings(&settings, &world, clusters, 5, NULL), DSQL_OK);
    assert_int_equal(settings.targets[0].port, 5433);
    assert_int_equal(settings.targets[1].port, 5432);
    assert_int_equal(settings.targets[2].port, 5434);
    assert_int_equal(settings.targets[3].port, PROXY_TARGET_ZERO);
    assert_int_equal(settings.targets[4].port, PROXY_TARGET_ZERO);
    proxy_settings_clear(&settings);
}

static void expect_mistake(const char *const *options, const char *file, const char *words)
{
    struct world world = {.options = options, .file = file};
    struct proxy_settings settings;
    dsql_error err = {0};
    assert_int_equal(read_settings(&settings, &world, one_cluster, 1, &err), DSQL_ERR_USAGE);
    if (strstr(err.message, words) == NULL) {
        print_error("%s\n", err.message);
    }
    assert_non_null(strstr(err.message, words));
    assert_null(strstr(err.message, "s3cret"));
    proxy_settings_clear(&settings);
}

static void values_that_are_not_valid_are_named(void **state)
{
    (void)state;
    static const char *const mistakes[][3] = {
        {"pool-mode", "s3cret", "--pool-mode must be one of: session transaction"},
        {"auth", "md5", "--auth must be one of: scram trust"},
        {"log-format", "xml", "--log-format must be one of: text json"},
        {"drain", "3601", "--drain must be a whole number from 0 to 3600"},
        {"drain", "s3cret", "--drain must be a whole number from 0 to 3600"},
        {"retries", "101", "--retries must be a whole number from 0 to 100"},
        {"max-clients", "0", "--max-clients must be a whole number from 1 to 100000"},
        {"lifetime", "3541", "--lifetime must be a whole number from 1 to 3540"},
        {"listen", "localhost", "--listen must be a numeric IP address, or none"},
        {"listen", "0.0.0.0", "needs --tls-cert and --tls-key"},
        {"listen", "::", "needs --tls-cert and --tls-key"},
        {"http", "s3cret", "--http must be a port"},
        {"http", ":9090", "--http must be a port"},
        {"http", "localhost:9090", "--http must be a port"},
        {"http", "127.0.0.1:", "--http must be a port"},
        {"http", "::1", "--http must be a port"},
        {"tls-cert", "/c", "--tls-cert and --tls-key belong together"},
        {"tls-key", "/k", "--tls-cert and --tls-key belong together"},
        {"password-file", "", "--password-file requires a value"},
        {"socket-users", "no-such-user", "there is no user \"no-such-user\""},
        {"socket-users", "", "there is no user"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        expect_mistake(PAIRS(mistakes[i][0], mistakes[i][1]), "", mistakes[i][2]);
    }
    expect_mistake(PAIRS("listen", "10.0.0.1", "tls-cert", "/c", "tls-key", "/k", "auth", "trust"),
                   "", "--auth trust is for loopback addresses only");
    expect_mistake(PAIRS("listen", "none", "socket-dir", "none"), "", "leave no way in");
}

static void mistakes_in_a_file_have_their_line(void **state)
{
    (void)state;
    const char *const *config = PAIRS("config", "proxy.conf");
    expect_mistake(config, "\nports 1\n", "\"proxy.conf\": line 2: unknown option \"ports\"");
    expect_mistake(config, "# x\ndrain s3cret\n", "drain in \"proxy.conf\", line 2 must be");
    expect_mistake(config, "for s3cret\n", "for in \"proxy.conf\", line 1 must be one of: pg_dump");
    expect_mistake(config, "strict s3cret\n", "strict in \"proxy.conf\", line 1 must be true");
    expect_mistake(config, "config other.conf\n", "unknown option \"config\"");
    expect_mistake(config, "tls-cert\n", "tls-cert in \"proxy.conf\", line 1 requires a value");
}

static void clusters_are_needed_and_differ(void **state)
{
    (void)state;
    struct world world = {.file = ""};
    struct proxy_settings settings;
    dsql_error err = {0};
    char *const twice[] = {(char[]){"a?port=1"}, (char[]){"b?port=1"}};
    assert_int_equal(read_settings(&settings, &world, NULL, 0, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "no cluster given"));
    proxy_settings_clear(&settings);
    assert_int_equal(read_settings(&settings, &world, twice, 2, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "two clusters have the port 1"));
    proxy_settings_clear(&settings);
}

static void loopback_addresses_are_known(void **state)
{
    (void)state;
    assert_true(proxy_address_is_loopback("127.0.0.1"));
    assert_true(proxy_address_is_loopback("127.9.8.7"));
    assert_true(proxy_address_is_loopback("::1"));
    assert_false(proxy_address_is_loopback("128.0.0.1"));
    assert_false(proxy_address_is_loopback("0.0.0.0"));
    assert_false(proxy_address_is_loopback("::"));
    assert_false(proxy_address_is_loopback("::ffff:10.0.0.1"));
    assert_false(proxy_address_is_loopback("localhost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_safe),
        cmocka_unit_test(first_place_that_has_a_value_wins),
        cmocka_unit_test(every_option_has_a_variable),
        cmocka_unit_test(clusters_get_different_ports),
        cmocka_unit_test(values_that_are_not_valid_are_named),
        cmocka_unit_test(mistakes_in_a_file_have_their_line),
        cmocka_unit_test(clusters_are_needed_and_differ),
        cmocka_unit_test(loopback_addresses_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
