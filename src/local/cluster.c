/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths, the name, and the state of the last start.  All paths are computed once, when the
 * cluster is opened, and are absolute, because the daemon changes its directory.  The longest of
 * them is the Unix socket's, whose length the kernel limits, so the directory's length is checked
 * against that.
 */
#include "local/cluster.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/random.h"
#include "local/file.h"

#include <jansson.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char not_set[] = "";

/* An unset variable is the empty text, so callers need one check. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL ? not_set : value;
}

/*
 * The socket's path is the longest, and choose_dir() has made sure that it fits.  A path that
 * does not fit is empty, so every use of it fails instead of touching another file.
 */
static void join(char *out, const char *dir, const char *name)
{
    int len = snprintf(out, CLUSTER_PATH_SIZE, "%s/%s", dir, name);
    if (len < 0 || len >= CLUSTER_PATH_SIZE) {
        out[0] = '\0';
    }
}

/* The names are part of the format of a cluster: older clusters have them too. */
static void compute_paths(struct cluster *cluster)
{
    join(cluster->settings, cluster->dir, "cluster.json");
    join(cluster->state, cluster->dir, "state.json");
    join(cluster->lock, cluster->dir, "lock");
    join(cluster->daemon_log, cluster->dir, "daemon.log");
    join(cluster->postgres_log, cluster->dir, "postgres.log");
    join(cluster->ca, cluster->dir, "ca.pem");
    join(cluster->secret, cluster->dir, "secret");
    join(cluster->ca_key, cluster->dir, "secret/ca.key");
    join(cluster->server_key, cluster->dir, "secret/server.key");
    join(cluster->server_certificate, cluster->dir, "secret/server.pem");
    join(cluster->identities, cluster->dir, "secret/identities.json");
    join(cluster->data, cluster->dir, "data");
    join(cluster->data_new, cluster->dir, "data.new");
    join(cluster->data_restored, cluster->dir, "data.restored");
    join(cluster->data_replaced, cluster->dir, "data.replaced");
    join(cluster->run, cluster->dir, "run");
    join(cluster->lib, cluster->dir, "lib");
    join(cluster->postgres_found, cluster->dir, "lib/postgres.found");
    join(cluster->initializing, cluster->dir, "initializing");
    join(cluster->socket, cluster->dir, "run/.s.PGSQL.5432");
    snprintf(cluster->server_port, sizeof cluster->server_port, "5432");
}

/*
 * An absolute path for --dir.  Returns the length of the whole path, which may not fit.  The path
 * is not cleaned up (symbolic links, ".."): the user will look for the directory under the name
 * that was given.
 */
static int resolve_dir(const char *dir, char *out, size_t size)
{
    char here[PATH_MAX] = "";
    if (dir[0] == '/') {
        return snprintf(out, size, "%s", dir);
    }
    if (dir[0] == '\0' || getcwd(here, sizeof here) == NULL) {
        return 0;
    }
    return snprintf(out, size, "%s/%s", here, dir);
}

/*
 * $XDG_DATA_HOME, then the home directory.  Root's home is closed to the user that the server
 * runs as, so root has a directory under /var/lib.  Returns 0 if HOME is not set.
 */
static int default_dir(char *out, size_t size)
{
    const char *data_home = environment("XDG_DATA_HOME");
    const char *home = environment("HOME");
    if (data_home[0] == '/') {
        return snprintf(out, size, "%s/dsql/local", data_home);
    }
    if (geteuid() == 0) {
        return snprintf(out, size, "/var/lib/dsql/local");
    }
    return home[0] == '/' ? snprintf(out, size, "%s/.local/share/dsql/local", home) : 0;
}

/*
 * What PostgreSQL has no way to escape: a colon separates the directories of
 * dynamic_library_path, a comma the hosts of a connection, a line break the lines of
 * postmaster.pid.
 */
static dsql_status check_characters(const char *dir, dsql_error *err)
{
    return strpbrk(dir, ":,\n\r") == NULL
               ? DSQL_OK
               : fail(err, DSQL_ERR_USAGE,
                      "PostgreSQL cannot use the directory \"%s\": its path contains a colon, a "
                      "comma or a line break. Choose another one with --dir, or with TMPDIR for "
                      "'dsql local run'",
                      dir);
}

/*
 * Checked before anything is created.  Trailing slashes go, because names of files are appended
 * with one.
 */
static dsql_status choose_dir(const char *dir, char *out, size_t size, dsql_error *err)
{
    int len = dir == NULL ? default_dir(out, size) : resolve_dir(dir, out, size);
    if (len <= 0) {
        return fail(err, DSQL_ERR_USAGE,
                    dir == NULL ? "could not choose a directory for the cluster: HOME is not set. "
                                  "Name one with --dir"
                                : "--dir needs the name of a directory");
    }
    size_t limit = CLUSTER_SOCKET_PATH_MAX - strlen("/run/.s.PGSQL.5432");
    if ((size_t)len > limit) {
        return fail(err, DSQL_ERR_USAGE,
                    "the path of the cluster's directory is too long for a Unix socket: it has %d "
                    "bytes, and the limit is %zu. Choose a shorter one with --dir",
                    len, limit);
    }
    while (len > 1 && out[len - 1] == '/') {
        out[--len] = '\0';
    }
    return len > 1
               ? check_characters(out, err)
               : fail(err, DSQL_ERR_USAGE,
                      "the root directory cannot hold a cluster. Choose another one with --dir");
}

/* A user who is not in the list of users has a number only. */
static void name_owner(struct cluster_owner *owner)
{
    const struct passwd *account = getpwuid(owner->uid);
    snprintf(owner->name, sizeof owner->name, "%u", (unsigned)owner->uid);
    if (account != NULL) {
        owner->gid = owner->is_other ? account->pw_gid : owner->gid;
        text_copy(text_of(account->pw_name), owner->name, sizeof owner->name);
    }
}

/* The user of an existing cluster, when root runs the command; 0 if there is none. */
static uid_t user_of_files(const struct cluster *cluster)
{
    struct stat info;
    bool is_cluster = file_exists(cluster->lock) || file_exists(cluster->settings);
    return is_cluster && stat(cluster->dir, &info) == 0 ? info.st_uid : 0;
}

/*
 * PostgreSQL refuses to run as root.  Started by root, a cluster belongs to the user who has
 * created it, and a new one to the user postgres or, without one, nobody; in a container root is
 * often the only user.
 */
static dsql_status find_owner(struct cluster *cluster, dsql_error *err)
{
    struct cluster_owner *owner = &cluster->owner;
    owner->uid = geteuid();
    owner->gid = getegid();
    if (owner->uid == 0) {
        const struct passwd *account = getpwnam("postgres");
        account = account == NULL ? getpwnam("nobody") : account;
        uid_t found = user_of_files(cluster);
        owner->is_other = true;
        owner->uid = found == 0 && account != NULL ? account->pw_uid : found;
        owner->gid = (gid_t)owner->uid;
    }
    if (owner->uid == 0) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "PostgreSQL refuses to run as root, and there is neither a user postgres nor a "
                    "user nobody. Create one, or run dsql as another user");
    }
    name_owner(owner);
    return DSQL_OK;
}

/* As make_name() makes it: 26 letters or digits, and the region that the gateway expects. */
bool cluster_endpoint_is_valid(const char *endpoint)
{
    static const char suffix[] = ".dsql." CLUSTER_REGION ".on.aws";
    size_t len = strspn(endpoint, "abcdefghijklmnopqrstuvwxyz0123456789");
    return len == CLUSTER_IDENTIFIER_LEN && strcmp(endpoint + len, suffix) == 0;
}

/*
 * A damaged file must not be replaced by a new name: clients have the old one in their
 * environment.
 */
dsql_status cluster_read_settings(struct cluster *cluster, dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init(&content, FILE_MAX_SIZE);
    cluster->endpoint[0] = '\0';
    if (!file_exists(cluster->settings)) {
        return DSQL_OK;
    }
    dsql_status status = file_read(cluster->settings, &content, err);
    if (status != DSQL_OK) {
        return status;
    }
    json_t *root = json_loadb(content.data, content.len, 0, NULL);
    const char *endpoint = json_string_value(json_object_get(root, "endpoint"));
    bool ok = endpoint != NULL && cluster_endpoint_is_valid(endpoint) &&
              text_copy(text_of(endpoint), cluster->endpoint, sizeof cluster->endpoint);
    json_decref(root);
    return ok ? DSQL_OK
              : fail(err, DSQL_ERR_SYSTEM,
                     "the cluster's file \"%s\" is damaged: it is not JSON, or its endpoint is not "
                     "of "
                     "the form ID.dsql.REGION.on.aws. Restore the file, or delete the cluster with "
                     "'dsql local destroy'",
                     cluster->settings);
}

dsql_status cluster_locate(struct cluster *cluster, const char *dir, dsql_error *err)
{
    *cluster = (struct cluster){0};
    dsql_status status = choose_dir(dir, cluster->dir, sizeof cluster->dir, err);
    if (status != DSQL_OK) {
        return status;
    }
    compute_paths(cluster);
    return find_owner(cluster, err);
}

dsql_status cluster_open(struct cluster *cluster, const char *dir, dsql_error *err)
{
    dsql_status status = cluster_locate(cluster, dir, err);
    return status == DSQL_OK ? cluster_read_settings(cluster, err) : status;
}

/* Written by the first complete start, and by `init`.  The content does not matter here. */
bool cluster_has_been_complete(const struct cluster *cluster)
{
    return file_exists(cluster->state) || file_exists(cluster->data);
}

int cluster_open_postgres_log(const struct cluster *cluster)
{
    return open(cluster->postgres_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                0600);
}

/* Takes ownership of root. */
static dsql_status write_json(const char *path, mode_t mode, json_t *root, dsql_error *err)
{
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text == NULL) {
        return fail_nomem(err);
    }
    dsql_status status = file_replace(path, mode, text_of(text), err);
    free(text);
    return status;
}

/* Writes cluster.json for cluster->endpoint. */
static dsql_status write_settings(const struct cluster *cluster, dsql_error *err)
{
    char identifier[CLUSTER_IDENTIFIER_LEN + 1] = "";
    snprintf(identifier, sizeof identifier, "%.*s", CLUSTER_IDENTIFIER_LEN, cluster->endpoint);
    json_t *root = json_pack("{s:s, s:s, s:s}", "identifier", identifier, "endpoint",
                             cluster->endpoint, "region", CLUSTER_REGION);
    return root == NULL ? fail_nomem(err) : write_json(cluster->settings, 0644, root, err);
}

/* Like a cluster identifier of the service: 26 characters of lower-case base32. */
static dsql_status make_name(struct cluster *cluster, dsql_error *err)
{
    unsigned char bytes[CLUSTER_IDENTIFIER_LEN];
    char identifier[CLUSTER_IDENTIFIER_LEN + 1] = "";
    if (!random_bytes(bytes, sizeof bytes)) {
        return fail(err, DSQL_ERR_SYSTEM, "the operating system returned no random bytes");
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        identifier[i] = "abcdefghijklmnopqrstuvwxyz234567"[bytes[i] % 32];
    }
    snprintf(cluster->endpoint, sizeof cluster->endpoint, "%s.dsql.%s.on.aws", identifier,
             CLUSTER_REGION);
    return write_settings(cluster, err);
}

/* The name is made once in a cluster's life. */
dsql_status cluster_restore_settings(struct cluster *cluster, const char *endpoint, dsql_error *err)
{
    text_copy(text_of(endpoint), cluster->endpoint, sizeof cluster->endpoint);
    return write_settings(cluster, err);
}

/* Directories that exist get their mode again, so a change by hand does not last. */
dsql_status cluster_create(struct cluster *cluster, dsql_error *err)
{
    dsql_status status = directory_create(cluster->secret, 0700, err);
    if (status == DSQL_OK) {
        status = directory_create(cluster->run, 0700, err);
    }
    if (status == DSQL_OK) {
        status = directory_create(cluster->lib, 0700, err);
    }
    if (status == DSQL_OK && cluster->endpoint[0] == '\0') {
        status = make_name(cluster, err);
    }
    return status;
}

/*
 * For `dsql local status` and the next start.  It may be out of date at any time; whether the
 * cluster runs is decided by the lock.
 */
dsql_status cluster_write_state(const struct cluster *cluster, const struct cluster_state *state,
                                dsql_error *err)
{
    json_t *root = json_pack("{s:i, s:s, s:i, s:s, s:i, s:b}", "pid", (int)state->pid, "address",
                             state->address, "port", state->port, "problem", state->problem,
                             "failures", state->failures, "foreground", state->is_foreground);
    return root == NULL ? fail_nomem(err) : write_json(cluster->state, 0644, root, err);
}

static void copy_string(json_t *root, const char *name, char *out, size_t size)
{
    const char *value = json_string_value(json_object_get(root, name));
    if (value != NULL) {
        text_copy(text_of(value), out, size);
    }
}

/*
 * A missing or damaged file only means that nothing is known.  A file of an earlier version has no
 * address: there was no choice.
 */
bool cluster_read_state(const struct cluster *cluster, struct cluster_state *state)
{
    *state = (struct cluster_state){.address = CLUSTER_DEFAULT_ADDRESS};
    json_t *root = json_load_file(cluster->state, 0, NULL);
    bool is_readable = json_is_object(root);
    json_int_t port = json_integer_value(json_object_get(root, "port"));
    state->port = port > 0 && port < 65536 ? (int)port : 0;
    state->pid = (pid_t)json_integer_value(json_object_get(root, "pid"));
    state->failures = (int)json_integer_value(json_object_get(root, "failures"));
    state->is_foreground = json_is_true(json_object_get(root, "foreground"));
    copy_string(root, "address", state->address, sizeof state->address);
    copy_string(root, "problem", state->problem, sizeof state->problem);
    json_decref(root);
    return is_readable;
}

int cluster_last_port(const struct cluster *cluster)
{
    struct cluster_state state;
    cluster_read_state(cluster, &state);
    return state.port;
}

void cluster_last_address(const struct cluster *cluster, char out[CLUSTER_ADDRESS_SIZE])
{
    struct cluster_state state;
    cluster_read_state(cluster, &state);
    text_copy(text_of(state.address), out, CLUSTER_ADDRESS_SIZE);
}

/* ---- Addresses ---- */

bool cluster_address_is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* One that stands for every address is none that a client can connect to. */
void cluster_address_to_reach(const char *listen, char out[CLUSTER_ADDRESS_SIZE])
{
    const char *address = listen;
    if (strcmp(listen, "*") == 0 || strcmp(listen, "0.0.0.0") == 0) {
        address = CLUSTER_DEFAULT_ADDRESS;
    } else if (strcmp(listen, "::") == 0) {
        address = "::1";
    }
    text_copy(text_of(address), out, CLUSTER_ADDRESS_SIZE);
}

bool cluster_address_of_socket(int fd, char out[CLUSTER_ADDRESS_SIZE])
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } where;
    socklen_t size = sizeof where;
    if (getsockname(fd, &where.any, &size) != 0) {
        return false;
    }
    switch (where.any.sa_family) {
    case AF_INET:
        return inet_ntop(AF_INET, &where.v4.sin_addr, out, CLUSTER_ADDRESS_SIZE) != NULL;
    case AF_INET6:
        return inet_ntop(AF_INET6, &where.v6.sin6_addr, out, CLUSTER_ADDRESS_SIZE) != NULL;
    default:
        return false;
    }
}
