/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/cluster.h"
#include "local/cluster_owner.h"
#include "local/data_directory.h"
#include "local/file.h"
#include "local/identity.h"
#include "local/pki.h"
#include "local/postgres_install.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dsql-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder, NULL) != DSQL_OK;
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void the_default_directory_follows_the_environment(void **state)
{
    (void)state;
    struct cluster cluster;
    dsql_error err = {0};
    setenv("XDG_DATA_HOME", "/x", 1);
    assert_int_equal(cluster_open(&cluster, NULL, &err), DSQL_OK);
    assert_string_equal(cluster.dir, "/x/dsql/local");
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", "/h", 1);
    assert_int_equal(cluster_open(&cluster, NULL, &err), DSQL_OK);
    assert_string_equal(cluster.dir,
                        geteuid() == 0 ? "/var/lib/dsql/local" : "/h/.local/share/dsql/local");
}

static void a_directory_too_long_for_a_socket_is_refused(void **state)
{
    (void)state;
    struct cluster cluster;
    dsql_error err = {0};
    char dir[91] = "/";
    memset(dir + 1, 'd', 88);
    assert_int_equal(cluster_open(&cluster, dir, &err), DSQL_OK);
    assert_int_equal(strlen(cluster.socket), CLUSTER_SOCKET_PATH_MAX);
    dir[89] = 'd';
    assert_int_equal(cluster_open(&cluster, dir, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "--dir"));
}

static void a_directory_that_postgresql_cannot_use_is_refused(void **state)
{
    (void)state;
    static const char *const dirs[] = {"/x/a:b", "/x/a,b", "/x/a\nb", "/x/a\rb/c"};
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        struct cluster cluster;
        dsql_error err = {0};
        assert_int_equal(cluster_open(&cluster, dirs[i], &err), DSQL_ERR_USAGE);
        assert_non_null(strstr(err.message, "--dir"));
    }
}

static void a_directory_with_other_things_in_it_is_refused(void **state)
{
    (void)state;
    struct cluster cluster;
    dsql_error err = {0};
    char other[128];
    snprintf(other, sizeof other, "%s/other", folder);
    chmod(folder, 0755);
    assert_int_equal(file_replace(other, 0600, text_of("mine"), &err), DSQL_OK);
    assert_int_equal(cluster_open(&cluster, folder, &err), DSQL_OK);
    assert_int_equal(cluster_owner_prepare(&cluster, &err), DSQL_ERR_USAGE);
}

static void a_new_cluster_has_a_name_like_the_services_and_keeps_it(void **state)
{
    (void)state;
    struct cluster cluster;
    struct cluster again;
    dsql_error err = {0};
    assert_int_equal(cluster_open(&cluster, folder, &err), DSQL_OK);
    assert_int_equal(cluster_create(&cluster, &err), DSQL_OK);
    assert_int_equal(strspn(cluster.endpoint, "abcdefghijklmnopqrstuvwxyz234567"), 26);
    assert_string_equal(cluster.endpoint + 26, ".dsql.us-east-1.on.aws");
    assert_int_equal(cluster_open(&again, folder, &err), DSQL_OK);
    assert_string_equal(again.endpoint, cluster.endpoint);
    assert_int_equal(mode_of(cluster.secret), 0700);
    assert_int_equal(mode_of(cluster.run), 0700);
}

/* Only ext4 knows the flag, and tells it. */
static void a_directory_can_be_placed_apart(void **state)
{
    (void)state;
    char path[128];
    struct statfs file_system;
    int flags = 0;
    directory_place_apart("/nonexistent");
    directory_place_apart("/proc/self");
    directory_place_apart(folder);
    snprintf(path, sizeof path, "%s/inside", folder);
    assert_int_equal(directory_create(path, 0700, NULL), DSQL_OK);
    assert_int_equal(statfs(folder, &file_system), 0);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    if (file_system.f_type == 0xef53 && ioctl(fd, _IOR('f', 1, long), &flags) == 0) {
        assert_true((flags & 0x00020000) != 0);
    }
    close(fd);
}

static void the_last_address_and_port_are_remembered(void **state)
{
    (void)state;
    char address[CLUSTER_ADDRESS_SIZE] = "";
    struct cluster cluster;
    assert_int_equal(cluster_open(&cluster, folder, NULL), DSQL_OK);
    assert_int_equal(cluster_last_port(&cluster), 0);
    cluster_last_address(&cluster, address);
    assert_string_equal(address, "127.0.0.1");
    struct cluster_state last = {.pid = 42,
                                 .address = "127.0.0.7",
                                 .port = 5433,
                                 .failures = 2,
                                 .problem = "PostgreSQL has terminated"};
    struct cluster_state again;
    assert_int_equal(cluster_write_state(&cluster, &last, NULL), DSQL_OK);
    assert_true(cluster_read_state(&cluster, &again));
    assert_int_equal(again.pid, 42);
    assert_int_equal(again.failures, 2);
    assert_string_equal(again.problem, "PostgreSQL has terminated");
    assert_int_equal(cluster_last_port(&cluster), 5433);
    cluster_last_address(&cluster, address);
    assert_string_equal(address, "127.0.0.7");
}

static void identities_are_private_and_found_by_key(void **state)
{
    (void)state;
    char path[128];
    char key_id[IDENTITY_KEY_ID_SIZE] = "";
    struct gateway_identity first = {0};
    struct gateway_identity found = {0};
    snprintf(path, sizeof path, "%s/identities.json", folder);
    assert_int_equal(identity_create_file(path, NULL), DSQL_OK);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(identity_read_first(path, key_id, &first, NULL), DSQL_OK);
    assert_int_equal(strlen(key_id), 20);
    assert_int_equal(first.secret_access_key.len, 40);
    assert_string_equal(first.arn, IDENTITY_ADMIN_ARN);
    assert_true(identity_find(path, text_of(key_id), &found));
    assert_string_equal(secret_string(&found.secret_access_key),
                        secret_string(&first.secret_access_key));
    assert_true(found.may_connect_admin && found.may_connect);
    struct gateway_identity none = {0};
    assert_false(identity_find(path, text_of("AKIAUNKNOWN"), &none));
    secret_clear(&first.secret_access_key);
    secret_clear(&found.secret_access_key);
}

static void certificates_are_made_once(void **state)
{
    (void)state;
    char ca[96], ca_key[96], certificate[96], key[96];
    snprintf(ca, sizeof ca, "%s/ca.pem", folder);
    snprintf(ca_key, sizeof ca_key, "%s/ca.key", folder);
    snprintf(certificate, sizeof certificate, "%s/server.pem", folder);
    snprintf(key, sizeof key, "%s/server.key", folder);
    const struct pki_files files = {ca, ca_key, certificate, key};
    struct pki_made made = {0};
    assert_int_equal(
        pki_ensure(&files, &(struct pki_names){.endpoint = "a.dsql.us-east-1.on.aws"}, &made, NULL),
        DSQL_OK);
    assert_true(made.server);
    assert_int_equal(mode_of(ca), 0644);
    assert_int_equal(mode_of(ca_key), 0600);
    assert_int_equal(mode_of(key), 0600);
    assert_true(pki_lasts(certificate, 363));
    assert_false(pki_lasts(certificate, 366));
    assert_int_equal(
        pki_ensure(&files, &(struct pki_names){.endpoint = "a.dsql.us-east-1.on.aws"}, &made, NULL),
        DSQL_OK);
    assert_false(made.server || made.ca);
    unlink(certificate);
    assert_int_equal(
        pki_ensure(&files, &(struct pki_names){.endpoint = "a.dsql.us-east-1.on.aws"}, &made, NULL),
        DSQL_OK);
    assert_true(made.server && !made.ca);
}

/* Each would fail when a certificate is renewed, or at the next client. */
static void a_certificate_authority_that_cannot_sign_is_made_again(void **state)
{
    (void)state;
    static const char name[] = "a.dsql.us-east-1.on.aws";
    char ca[96], ca_key[96], certificate[96], key[96];
    snprintf(ca, sizeof ca, "%s/ca.pem", folder);
    snprintf(ca_key, sizeof ca_key, "%s/ca.key", folder);
    snprintf(certificate, sizeof certificate, "%s/server.pem", folder);
    snprintf(key, sizeof key, "%s/server.key", folder);
    const struct pki_files files = {ca, ca_key, certificate, key};
    struct pki_made made = {0};
    assert_int_equal(pki_ensure(&files, &(struct pki_names){.endpoint = name}, &made, NULL),
                     DSQL_OK);
    assert_true(made.ca && made.server);
    const char *const damaged[] = {ca, ca_key};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(file_replace(damaged[i], 0600, text_of(""), NULL), DSQL_OK);
        assert_int_equal(pki_ensure(&files, &(struct pki_names){.endpoint = name}, &made, NULL),
                         DSQL_OK);
        assert_true(made.ca && made.server);
    }
    /* The key of another certificate. */
    struct buf content AUTO_BUF;
    buf_init(&content, FILE_MAX_SIZE);
    assert_int_equal(file_read(key, &content, NULL), DSQL_OK);
    assert_int_equal(file_replace(ca_key, 0600, buf_text(&content), NULL), DSQL_OK);
    assert_int_equal(pki_ensure(&files, &(struct pki_names){.endpoint = name}, &made, NULL),
                     DSQL_OK);
    assert_true(made.ca && made.server);
    assert_int_equal(pki_ensure(&files, &(struct pki_names){.endpoint = name}, &made, NULL),
                     DSQL_OK);
    assert_false(made.ca || made.server);
}

static void the_endpoint_is_read_from_a_certificate_of_the_own_ca(void **state)
{
    (void)state;
    static const char name[] = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws";
    struct cluster cluster;
    struct pki_made made = {0};
    char endpoint[CLUSTER_NAME_SIZE] = "";
    assert_int_equal(cluster_open(&cluster, folder, NULL), DSQL_OK);
    assert_int_equal(directory_create(cluster.secret, 0700, NULL), DSQL_OK);
    struct pki_files files = {cluster.ca, cluster.ca_key, cluster.server_certificate,
                              cluster.server_key};
    assert_false(pki_read_endpoint(&files, endpoint, sizeof endpoint));
    assert_int_equal(pki_ensure(&files, &(struct pki_names){.endpoint = name}, &made, NULL),
                     DSQL_OK);
    assert_true(pki_read_endpoint(&files, endpoint, sizeof endpoint));
    assert_string_equal(endpoint, name);
    /* Whoever can write only the certificate cannot give the cluster a name. */
    struct pki_files other = files;
    char ca[96], ca_key[96];
    snprintf(ca, sizeof ca, "%s/other.pem", folder);
    snprintf(ca_key, sizeof ca_key, "%s/other.key", folder);
    other.ca = ca;
    other.ca_key = ca_key;
    assert_int_equal(pki_ensure(&other, &(struct pki_names){.endpoint = name}, &made, NULL),
                     DSQL_OK);
    assert_false(pki_read_endpoint(&files, endpoint, sizeof endpoint));
}

static void only_an_endpoint_that_the_gateway_can_serve_is_valid(void **state)
{
    (void)state;
    static const char *const invalid[] = {
        "",
        "localhost",
        "abcdefghijklmnopqrstuvwxyz.dsql.eu-west-1.on.aws",
        "abcdefghijklmnopqrstuvwxy.dsql.us-east-1.on.aws",
        "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws.example.com",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ.dsql.us-east-1.on.aws"};
    assert_true(cluster_endpoint_is_valid("abcdefghijklmnopqrstuvwx29.dsql.us-east-1.on.aws"));
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        assert_false(cluster_endpoint_is_valid(invalid[i]));
    }
}

/* As left by a start of an earlier version that was killed before it took the lock. */
static void a_directory_with_only_a_log_is_accepted(void **state)
{
    (void)state;
    struct cluster cluster;
    dsql_error err = {0};
    char other[128];
    snprintf(other, sizeof other, "%s/lib", folder);
    chmod(folder, 0755);
    assert_int_equal(cluster_open(&cluster, folder, &err), DSQL_OK);
    assert_int_equal(file_replace(cluster.daemon_log, 0600, text_of("a line"), &err), DSQL_OK);
    assert_true(cluster_owner_has_cluster(&cluster));
    assert_int_equal(cluster_owner_prepare(&cluster, &err), DSQL_OK);
    /* A project of somebody else may have these names, and would be deleted by destroy. */
    assert_int_equal(directory_create(other, 0755, &err), DSQL_OK);
    assert_false(cluster_owner_has_cluster(&cluster));
}

/* stop and destroy need the path and the lock, and nothing that could be damaged. */
static void a_damaged_cluster_can_be_located(void **state)
{
    (void)state;
    struct cluster cluster;
    assert_int_equal(cluster_open(&cluster, folder, NULL), DSQL_OK);
    assert_int_equal(file_replace(cluster.settings, 0644, text_of(""), NULL), DSQL_OK);
    assert_int_equal(cluster_locate(&cluster, folder, NULL), DSQL_OK);
    assert_int_equal(cluster_read_settings(&cluster, NULL), DSQL_ERR_SYSTEM);
}

/* Runs the check as the user nobody, and returns its error.  Only root can do that. */
static dsql_error check_as_nobody(const char *dir)
{
    int ends[2];
    dsql_error err = {0};
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct cluster cluster;
        dsql_error own = {0};
        bool ok = setgid(65534) == 0 && setuid(65534) == 0 &&
                  cluster_locate(&cluster, dir, &own) == DSQL_OK;
        if (ok) {
            cluster_owner_check(&cluster, &own);
        }
        _exit(write(ends[1], &own, sizeof own) == (ssize_t)sizeof own ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &err, sizeof err), sizeof err);
    waitpid(pid, NULL, 0);
    close(ends[0]);
    close(ends[1]);
    return err;
}

static void a_cluster_of_another_user_is_not_taken_for_none(void **state)
{
    (void)state;
    struct cluster cluster;
    char dir[96];
    if (geteuid() != 0) {
        skip(); /* only root can become another user */
    }
    snprintf(dir, sizeof dir, "%s/cluster", folder);
    assert_int_equal(directory_create(dir, 0711, NULL), DSQL_OK);
    assert_int_equal(cluster_open(&cluster, dir, NULL), DSQL_OK);
    assert_int_equal(file_replace(cluster.lock, 0600, text_of(""), NULL), DSQL_OK);
    chmod(folder, 0711);
    dsql_error err = check_as_nobody(dir);
    assert_int_equal(err.os_errno, EACCES);
    assert_non_null(strstr(err.message, "permission denied: the cluster in"));
    assert_non_null(strstr(err.message, "belongs to user root"));
    /* The same if the directory above may not be entered, where nothing can be seen. */
    chmod(folder, 0700);
    err = check_as_nobody(dir);
    assert_non_null(strstr(err.message, "belongs to user root"));
    /* A directory without a cluster is nobody's. */
    chmod(folder, 0711);
    unlink(cluster.lock);
    err = check_as_nobody(dir);
    assert_int_equal(err.status, DSQL_OK);
}

static void root_works_as_the_user_who_has_created_the_cluster(void **state)
{
    (void)state;
    struct cluster cluster;
    if (geteuid() != 0) {
        skip(); /* only root works as another user */
    }
    assert_int_equal(cluster_open(&cluster, folder, NULL), DSQL_OK);
    assert_int_equal(file_replace(cluster.lock, 0644, text_of(""), NULL), DSQL_OK);
    assert_int_equal(chown(folder, 4711, 4711), 0);
    assert_int_equal(cluster_open(&cluster, folder, NULL), DSQL_OK);
    assert_int_equal(cluster.owner.uid, 4711);
    assert_string_equal(cluster.owner.name, "4711");
}

static void a_server_certificate_that_does_not_serve_is_made_again(void **state)
{
    (void)state;
    char ca[128];
    char ca_key[128];
    char certificate[128];
    char key[128];
    snprintf(ca, sizeof ca, "%s/ca.pem", folder);
    snprintf(ca_key, sizeof ca_key, "%s/ca.key", folder);
    snprintf(certificate, sizeof certificate, "%s/server.crt", folder);
    snprintf(key, sizeof key, "%s/server.key", folder);
    struct pki_files files = {ca, ca_key, certificate, key};
    struct pki_made made = {0};
    assert_int_equal(
        pki_ensure(&files, &(struct pki_names){.endpoint = "a.dsql.us-east-1.on.aws"}, &made, NULL),
        DSQL_OK);
    /* An empty key. */
    assert_int_equal(file_replace(key, 0600, text_of(""), NULL), DSQL_OK);
    assert_int_equal(
        pki_ensure(&files, &(struct pki_names){.endpoint = "a.dsql.us-east-1.on.aws"}, &made, NULL),
        DSQL_OK);
    assert_true(made.server);
    /* The key of another certificate. */
    struct buf content AUTO_BUF;
    buf_init(&content, FILE_MAX_SIZE);
    assert_int_equal(file_read(ca_key, &content, NULL), DSQL_OK);
    assert_int_equal(file_replace(key, 0600, buf_text(&content), NULL), DSQL_OK);
    assert_int_equal(
        pki_ensure(&files, &(struct pki_names){.endpoint = "a.dsql.us-east-1.on.aws"}, &made, NULL),
        DSQL_OK);
    assert_true(made.server);
    /* Another endpoint. */
    assert_int_equal(
        pki_ensure(&files, &(struct pki_names){.endpoint = "b.dsql.us-east-1.on.aws"}, &made, NULL),
        DSQL_OK);
    assert_true(made.server);
    assert_int_equal(
        pki_ensure(&files, &(struct pki_names){.endpoint = "b.dsql.us-east-1.on.aws"}, &made, NULL),
        DSQL_OK);
    assert_false(made.server || made.ca);
}

static void a_damaged_identities_file_stops_the_start_and_is_kept(void **state)
{
    (void)state;
    static const char *const damaged[] = {"", "{", "{\"identities\": []}",
                                          "{\"identities\": [{\"access_key_id\": \"AKIA\"}]}"};
    char path[128];
    snprintf(path, sizeof path, "%s/identities.json", folder);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        dsql_error err = {0};
        struct buf content AUTO_BUF;
        buf_init(&content, FILE_MAX_SIZE);
        assert_int_equal(file_replace(path, 0600, text_of(damaged[i]), NULL), DSQL_OK);
        assert_int_equal(identity_create_file(path, &err), DSQL_ERR_SYSTEM);
        assert_non_null(strstr(err.message, "identities.json\" is damaged"));
        assert_int_equal(file_read(path, &content, NULL), DSQL_OK);
        assert_true(text_equal_string(buf_text(&content), damaged[i]));
    }
}

static void a_server_certificate_has_the_other_names(void **state)
{
    (void)state;
    static const char *const others[] = {"dsql-local", "db.example", NULL};
    char paths[4][128];
    for (int i = 0; i < 4; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/name-%d", folder, i);
    }
    struct pki_files files = {paths[0], paths[1], paths[2], paths[3]};
    struct pki_names names = {.endpoint = "a.dsql.us-east-1.on.aws"};
    struct pki_made made = {0};
    char endpoint[CLUSTER_NAME_SIZE];
    assert_int_equal(pki_ensure(&files, &names, &made, NULL), DSQL_OK);
    names.others = others;
    assert_int_equal(pki_ensure(&files, &names, &made, NULL), DSQL_OK);
    assert_true(made.server && !made.ca);
    assert_int_equal(pki_ensure(&files, &names, &made, NULL), DSQL_OK);
    assert_false(made.server);
    assert_true(pki_read_endpoint(&files, endpoint, sizeof endpoint));
    assert_string_equal(endpoint, names.endpoint);
    /* A name that is no longer asked for does no harm. */
    names.others = NULL;
    assert_int_equal(pki_ensure(&files, &names, &made, NULL), DSQL_OK);
    assert_false(made.server);
}

static void names_of_a_server_are_host_names(void **state)
{
    (void)state;
    static const char *const valid[] = {"a", "dsql-local", "db.example", "1.2"};
    static const char *const invalid[] = {"",    "-a",      "a-",   ".a",  "a..b",
                                          "a b", "a,DNS:b", "a\nb", "a_b", "*.example"};
    char long_name[PKI_NAME_MAX + 2];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_false(pki_is_name(long_name));
    long_name[PKI_NAME_MAX] = '\0';
    assert_true(pki_is_name(long_name));
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        assert_true(pki_is_name(valid[i]));
    }
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        assert_false(pki_is_name(invalid[i]));
    }
}

static void expect_key(const char *path, const char *key_id, const char *secret)
{
    struct gateway_identity found = {0};
    assert_true(identity_find(path, text_of(key_id), &found));
    assert_string_equal(secret_string(&found.secret_access_key), secret);
    assert_true(secret_is_empty(&found.session_token));
    secret_clear(&found.secret_access_key);
}

static const char two_identities[] =
    "{\"identities\": [{\"access_key_id\": \"OLD\", \"secret_access_key\": \"old\","
    " \"session_token\": \"t\", \"arn\": \"arn\", \"may_connect_admin\": true},"
    " {\"access_key_id\": \"OTHER\", \"secret_access_key\": \"other\", \"arn\": \"b\"}]}";

static void the_first_identity_gets_a_key(void **state)
{
    (void)state;
    char path[128];
    struct secret secret = {0};
    struct gateway_identity gone = {0};
    struct stat first;
    struct stat second;
    snprintf(path, sizeof path, "%s/identities.json", folder);
    assert_int_equal(file_replace(path, 0600, text_of(two_identities), NULL), DSQL_OK);
    assert_true(secret_set_string(&secret, "0123456789abcdef"));
    assert_int_equal(identity_set_first(path, "NEW", &secret, NULL), DSQL_OK);
    expect_key(path, "NEW", "0123456789abcdef");
    expect_key(path, "OTHER", "other");
    assert_false(identity_find(path, text_of("OLD"), &gone));
    assert_int_equal(mode_of(path), 0600);
    /* The same once more changes nothing, and no file is written. */
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(identity_set_first(path, "NEW", &secret, NULL), DSQL_OK);
    assert_int_equal(stat(path, &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
    assert_int_equal(file_replace(path, 0600, text_of("{}"), NULL), DSQL_OK);
    assert_int_equal(identity_set_first(path, "NEW", &secret, NULL), DSQL_ERR_SYSTEM);
    secret_clear(&secret);
}

static bool is_secret(const char *words)
{
    struct secret secret = {0};
    assert_true(secret_set_string(&secret, words));
    bool ok = identity_is_secret(&secret);
    secret_clear(&secret);
    return ok;
}

static void keys_have_limits(void **state)
{
    (void)state;
    char long_id[IDENTITY_KEY_ID_SIZE + 1];
    memset(long_id, 'A', sizeof long_id);
    long_id[IDENTITY_KEY_ID_SIZE] = '\0';
    assert_true(identity_is_key_id("AKIA_1"));
    assert_false(identity_is_key_id(""));
    assert_false(identity_is_key_id("a/b"));
    assert_false(identity_is_key_id(long_id));
    assert_true(is_secret("0123456789abcdef"));
    assert_true(is_secret("+/=!~0123456789abcdef"));
    assert_false(is_secret("0123456789abcde"));
    assert_false(is_secret("0123456789 abcdef"));
    assert_false(is_secret("0123456789abcdef\n"));
    assert_false(is_secret(""));
}

static void an_address_for_all_is_reached_through_loopback(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"*", "127.0.0.1"},
                                           {"0.0.0.0", "127.0.0.1"},
                                           {"::", "::1"},
                                           {"127.0.0.2", "127.0.0.2"},
                                           {"192.0.2.7", "192.0.2.7"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char address[CLUSTER_ADDRESS_SIZE];
        cluster_address_to_reach(cases[i][0], address);
        assert_string_equal(address, cases[i][1]);
    }
    assert_true(cluster_address_is_loopback("127.3.2.1"));
    assert_true(cluster_address_is_loopback("::1"));
    assert_false(cluster_address_is_loopback("192.0.2.7"));
    assert_false(cluster_address_is_loopback("0.0.0.0"));
    assert_false(cluster_address_is_loopback("*"));
}

static void versions_are_read_from_what_postgres_prints(void **state)
{
    (void)state;
    assert_int_equal(postgres_parse_version("postgres (PostgreSQL) 15.20 (Debian 15.20-0)"), 15);
    assert_int_equal(postgres_parse_version("postgres (PostgreSQL) 18beta1"), 18);
    assert_int_equal(postgres_parse_version("nothing"), 0);
    assert_int_equal(postgres_parse_version(""), 0);
}

static void a_failure_of_the_system_keeps_errno(void **state)
{
    (void)state;
    dsql_error err = {0};
    struct buf content AUTO_BUF;
    buf_init(&content, 16);
    assert_int_equal(file_replace("/nonexistent/file", 0600, text_of("x"), &err), DSQL_ERR_SYSTEM);
    assert_int_equal(err.os_errno, ENOENT);
    assert_non_null(strstr(err.message, "could not create \"/nonexistent/file.new\""));
    assert_int_equal(file_read("/nonexistent/file", &content, &err), DSQL_ERR_SYSTEM);
    assert_int_equal(err.os_errno, ENOENT);
    assert_int_equal(directory_create_all("/dev/null/folder", &err), DSQL_ERR_SYSTEM);
    assert_int_equal(err.os_errno, ENOTDIR);
}

/* As the user nobody if root runs the test, since root may write to each directory. */
static void a_directory_is_removed_whatever_the_modes_in_it(void **state)
{
    (void)state;
    static const char *const closed[] = {"a", "a/b", "a/b/c", "d"};
    char path[96];
    chmod(folder, 0777);
    pid_t pid = fork();
    if (pid == 0) {
        bool ok = geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0);
        snprintf(path, sizeof path, "%s/top", folder);
        ok = ok && mkdir(path, 0700) == 0;
        for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
            snprintf(path, sizeof path, "%s/top/%s", folder, closed[i]);
            ok = ok && mkdir(path, 0700) == 0;
        }
        for (size_t i = sizeof closed / sizeof *closed; i > 0; i--) {
            snprintf(path, sizeof path, "%s/top/%s", folder, closed[i - 1]);
            ok = ok && chmod(path, i % 2 == 0 ? 0000 : 0500) == 0;
        }
        snprintf(path, sizeof path, "%s/top", folder);
        ok = ok && directory_remove(path, NULL) == DSQL_OK && !file_exists(path);
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_damaged_cluster_file_is_not_the_callers_mistake(void **state)
{
    (void)state;
    struct cluster cluster;
    dsql_error err = {0};
    assert_int_equal(cluster_open(&cluster, folder, &err), DSQL_OK);
    assert_int_equal(file_replace(cluster.settings, 0644, text_of("{"), &err), DSQL_OK);
    assert_int_equal(cluster_open(&cluster, folder, &err), DSQL_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "cluster.json\" is damaged"));
}

static void a_data_directory_of_another_postgres_is_refused(void **state)
{
    (void)state;
    struct cluster cluster;
    dsql_error err = {0};
    char path[192];
    assert_int_equal(cluster_open(&cluster, folder, &err), DSQL_OK);
    assert_int_equal(directory_create(cluster.data, 0700, &err), DSQL_OK);
    snprintf(path, sizeof path, "%s/PG_VERSION", cluster.data);
    assert_int_equal(file_replace(path, 0600, text_of("15\n"), &err), DSQL_OK);
    assert_int_equal(data_directory_check_version(&cluster, 15, &err), DSQL_OK);
    assert_int_equal(data_directory_check_version(&cluster, 17, &err), DSQL_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "was created by PostgreSQL 15"));
    assert_int_equal(file_replace(path, 0600, text_of("?"), &err), DSQL_OK);
    assert_int_equal(data_directory_check_version(&cluster, 15, &err), DSQL_ERR_SYSTEM);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_directory_follows_the_environment),
        cmocka_unit_test(a_directory_too_long_for_a_socket_is_refused),
        cmocka_unit_test(a_directory_that_postgresql_cannot_use_is_refused),
        IN_FOLDER(a_directory_with_other_things_in_it_is_refused),
        IN_FOLDER(a_new_cluster_has_a_name_like_the_services_and_keeps_it),
        IN_FOLDER(a_directory_can_be_placed_apart),
        IN_FOLDER(the_last_address_and_port_are_remembered),
        IN_FOLDER(identities_are_private_and_found_by_key),
        IN_FOLDER(certificates_are_made_once),
        IN_FOLDER(a_certificate_authority_that_cannot_sign_is_made_again),
        IN_FOLDER(the_endpoint_is_read_from_a_certificate_of_the_own_ca),
        cmocka_unit_test(only_an_endpoint_that_the_gateway_can_serve_is_valid),
        IN_FOLDER(a_directory_with_only_a_log_is_accepted),
        IN_FOLDER(a_damaged_cluster_can_be_located),
        IN_FOLDER(a_cluster_of_another_user_is_not_taken_for_none),
        IN_FOLDER(root_works_as_the_user_who_has_created_the_cluster),
        IN_FOLDER(a_server_certificate_that_does_not_serve_is_made_again),
        IN_FOLDER(a_damaged_identities_file_stops_the_start_and_is_kept),
        IN_FOLDER(a_server_certificate_has_the_other_names),
        cmocka_unit_test(names_of_a_server_are_host_names),
        IN_FOLDER(the_first_identity_gets_a_key),
        cmocka_unit_test(keys_have_limits),
        cmocka_unit_test(an_address_for_all_is_reached_through_loopback),
        cmocka_unit_test(versions_are_read_from_what_postgres_prints),
        cmocka_unit_test(a_failure_of_the_system_keeps_errno),
        IN_FOLDER(a_directory_is_removed_whatever_the_modes_in_it),
        IN_FOLDER(a_damaged_cluster_file_is_not_the_callers_mistake),
        IN_FOLDER(a_data_directory_of_another_postgres_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
