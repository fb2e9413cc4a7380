/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A directory that looks like a complete cluster, damaged in one way for each test. */
#include "local/cluster_check.h"
#include "local/file.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAJOR = 16, CONTROL_FILE_SIZE = 8192 };

static char folder[64];
static struct cluster cluster;

static const char *path_of(const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *content)
{
    assert_int_equal(file_replace(path_of(name), 0600, text_of(content), NULL), DSQL_OK);
}

static int make_cluster(void **state)
{
    static const char *const folders[] = {"secret",      "run",          "lib",
                                          "data",        "data/global",  "data/base",
                                          "data/pg_wal", "data/pg_xact", "data/pg_multixact"};
    static const char *const files[] = {
        "cluster.json",         "state.json",        "postgres.log",      "ca.pem",
        "secret/ca.key",        "secret/server.key", "secret/server.pem", "secret/identities.json",
        "data/postgresql.conf", "data/pg_hba.conf",  "data/pg_ident.conf"};
    char control[CONTROL_FILE_SIZE + 1];
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dsql-test-XXXXXX");
    if (mkdtemp(folder) == NULL || cluster_locate(&cluster, folder, NULL) != DSQL_OK) {
        return 1;
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        assert_int_equal(directory_create(path_of(folders[i]), 0700, NULL), DSQL_OK);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file(files[i], "something");
    }
    write_file("data/PG_VERSION", "16\n");
    memset(control, 'c', CONTROL_FILE_SIZE);
    control[CONTROL_FILE_SIZE] = '\0';
    write_file("data/global/pg_control", control);
    return 0;
}

static int remove_cluster(void **state)
{
    (void)state;
    return directory_remove(folder, NULL) != DSQL_OK;
}

static dsql_error check(void)
{
    dsql_error err = {0};
    dsql_status status = cluster_check(&cluster, MAJOR, 1, &err);
    assert_int_equal(status, err.status);
    return err;
}

/* The error names the file and what to do. */
static void assert_names(const dsql_error *err, const char *name, const char *remedy)
{
    assert_int_equal(err->status, DSQL_ERR_SYSTEM);
    if (strstr(err->message, name) == NULL || strstr(err->message, remedy) == NULL) {
        fail_msg("neither \"%s\" nor \"%s\" in: %s", name, remedy, err->message);
    }
}

static void a_complete_cluster_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(check().status, DSQL_OK);
}

static void a_new_directory_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(directory_remove_except(folder, folder, NULL), DSQL_OK);
    assert_int_equal(check().status, DSQL_OK);
}

/* What must be there and have content: the file, its remedy. */
static const struct part {
    const char *name;
    const char *remedy;
} parts[] = {
    {"data/PG_VERSION", "from a backup"},      {"data/global/pg_control", "from a backup"},
    {"data/postgresql.conf", "from a backup"}, {"data/pg_hba.conf", "from a backup"},
    {"data/pg_ident.conf", "from a backup"},
};

static void a_part_of_the_data_that_is_missing_or_empty_is_named(void **state)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        write_file(parts[i].name, "");
        dsql_error err = check();
        assert_names(&err, parts[i].name, parts[i].remedy);
        assert_non_null(strstr(err.message, "is empty"));
        unlink(path_of(parts[i].name));
        err = check();
        assert_names(&err, parts[i].name, parts[i].remedy);
        assert_non_null(strstr(err.message, "is missing"));
        remove_cluster(state);
        make_cluster(state);
    }
}

static void a_folder_of_the_data_that_is_missing_is_named(void **state)
{
    static const char *const folders[] = {"data/global", "data/base", "data/pg_wal", "data/pg_xact",
                                          "data/pg_multixact"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        assert_int_equal(directory_remove(path_of(folders[i]), NULL), DSQL_OK);
        dsql_error err = check();
        assert_names(&err, folders[i], "from a backup");
        remove_cluster(state);
        make_cluster(state);
    }
}

/* Each of these as a directory, which no program could read or write. */
static void a_file_that_is_a_directory_is_named(void **state)
{
    static const char *const files[] = {
        "cluster.json",    "state.json",        "postgres.log",      "ca.pem",
        "secret/ca.key",   "secret/server.key", "secret/server.pem", "secret/identities.json",
        "data/pg_hba.conf"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        unlink(path_of(files[i]));
        assert_int_equal(mkdir(path_of(files[i]), 0700), 0);
        dsql_error err = check();
        assert_names(&err, files[i], "is not a file");
        remove_cluster(state);
        make_cluster(state);
    }
}

static void a_directory_that_is_a_file_is_named(void **state)
{
    static const char *const folders[] = {"secret", "run", "lib", "data"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        assert_int_equal(directory_remove(path_of(folders[i]), NULL), DSQL_OK);
        write_file(folders[i], "a file");
        dsql_error err = check();
        assert_names(&err, folders[i], "is not a directory");
        remove_cluster(state);
        make_cluster(state);
    }
}

static void a_directory_gets_its_mode_again(void **state)
{
    static const char *const folders[] = {"secret", "run", "lib", "data"};
    struct stat info;
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        chmod(path_of(folders[i]), i % 2 == 0 ? 0000 : 0777);
        assert_int_equal(check().status, DSQL_OK);
        assert_int_equal(stat(path_of(folders[i]), &info), 0);
        assert_int_equal(info.st_mode & 0777, 0700);
    }
}

static void a_directory_of_another_user_is_named(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip(); /* only root can give it away */
    }
    assert_int_equal(chown(path_of("data"), 4711, 4711), 0);
    dsql_error err = check();
    assert_names(&err, "data", "belongs to user id 4711");
}

/* Never a new and empty database in place of one that is lost. */
static void data_that_was_there_once_and_is_gone_stops_the_start(void **state)
{
    (void)state;
    assert_int_equal(directory_remove(cluster.data, NULL), DSQL_OK);
    dsql_error err = check();
    assert_names(&err, "data\" is missing", "dsql local destroy");
    /* A first start that was interrupted had no data yet. */
    unlink(cluster.state);
    assert_int_equal(check().status, DSQL_OK);
}

static void data_of_another_version_is_named(void **state)
{
    (void)state;
    write_file("data/PG_VERSION", "15\n");
    dsql_error err = check();
    assert_names(&err, "created by PostgreSQL 15", "--extension-dir");
    write_file("data/PG_VERSION", "garbage\n");
    err = check();
    assert_names(&err, "data/PG_VERSION", "damaged");
}

static void a_control_file_of_the_wrong_size_is_named(void **state)
{
    (void)state;
    write_file("data/global/pg_control", "garbage");
    dsql_error err = check();
    assert_names(&err, "data/global/pg_control", "from a backup");
}

static void a_full_disk_is_named(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_int_equal(cluster_check(&cluster, MAJOR, INT64_MAX, &err), DSQL_ERR_SYSTEM);
    assert_names(&err, folder, "no space left on device");
}

static void what_a_start_creates_again_may_be_missing(void **state)
{
    static const char *const files[] = {
        "cluster.json",          "postgres.log",      "ca.pem",
        "secret/ca.key",         "secret/server.key", "secret/server.pem",
        "secret/identities.json"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        unlink(path_of(files[i]));
        assert_int_equal(check().status, DSQL_OK);
    }
    assert_int_equal(directory_remove(cluster.run, NULL), DSQL_OK);
    assert_int_equal(directory_remove(cluster.lib, NULL), DSQL_OK);
    assert_int_equal(directory_remove(cluster.secret, NULL), DSQL_OK);
    assert_int_equal(check().status, DSQL_OK);
}

#define IN_CLUSTER(test) cmocka_unit_test_setup_teardown(test, make_cluster, remove_cluster)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CLUSTER(a_complete_cluster_is_accepted),
        IN_CLUSTER(a_new_directory_is_accepted),
        IN_CLUSTER(a_part_of_the_data_that_is_missing_or_empty_is_named),
        IN_CLUSTER(a_folder_of_the_data_that_is_missing_is_named),
        IN_CLUSTER(a_file_that_is_a_directory_is_named),
        IN_CLUSTER(a_directory_that_is_a_file_is_named),
        IN_CLUSTER(a_directory_gets_its_mode_again),
        IN_CLUSTER(a_directory_of_another_user_is_named),
        IN_CLUSTER(data_that_was_there_once_and_is_gone_stops_the_start),
        IN_CLUSTER(data_of_another_version_is_named),
        IN_CLUSTER(a_control_file_of_the_wrong_size_is_named),
        IN_CLUSTER(a_full_disk_is_named),
        IN_CLUSTER(what_a_start_creates_again_may_be_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
