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

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    join(cluster->run, cluster->dir, "run");
    join(cluster->lib, cluster->dir, "lib");
    join(cluster->socket, cluster->dir, "run/.s.PGSQL.5432");
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
 * The limit is checked before anything is created.  Trailing slashes go, because names of files
 * are appended with one.
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
               ? DSQL_OK
               : fail(err, DSQL_ERR_USAGE,
                      "the root directory cannot hold a cluster. Choose another one with --dir");
}

/*
 * PostgreSQL refuses to run as root.  Started by root, the cluster belongs to the user postgres
 * or, without one, nobody; in a container root is often the only user.
 */
static dsql_status find_owner(struct cluster_owner *owner, dsql_error *err)
{
    owner->uid = geteuid();
    owner->gid = getegid();
    if (owner->uid != 0) {
        return DSQL_OK;
    }
    const struct passwd *account = getpwnam("postgres");
    account = account == NULL ? getpwnam("nobody") : account;
    if (account == NULL || account->pw_uid == 0) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "PostgreSQL refuses to run as root, and there is neither a user postgres nor a "
                    "user nobody. Create one, or run dsql as another user");
    }
    owner->uid = account->pw_uid;
    owner->gid = account->pw_gid;
    owner->is_other = true;
    text_copy(text_of(account->pw_name), owner->name, sizeof owner->name);
    return DSQL_OK;
}

/*
 * A cluster that does not exist yet has no file; its endpoint stays "".  A damaged file must not
 * be replaced by a new name: clients have the old one in their environment.
 */
static dsql_status read_settings(struct cluster *cluster, dsql_error *err)
{
    if (!file_exists(cluster->settings)) {
        return DSQL_OK;
    }
    json_t *root = json_load_file(cluster->settings, 0, NULL);
    const char *endpoint = json_string_value(json_object_get(root, "endpoint"));
    bool ok = endpoint != NULL &&
              text_copy(text_of(endpoint), cluster->endpoint, sizeof cluster->endpoint);
    json_decref(root);
    return ok ? DSQL_OK
              : fail(err, DSQL_ERR_SYSTEM,
                     "the cluster's file \"%s\" is damaged: it is not JSON or has no endpoint. "
                     "Restore it, or delete the cluster's directory",
                     cluster->settings);
}

dsql_status cluster_open(struct cluster *cluster, const char *dir, dsql_error *err)
{
    *cluster = (struct cluster){0};
    dsql_status status = choose_dir(dir, cluster->dir, sizeof cluster->dir, err);
    if (status == DSQL_OK) {
        status = find_owner(&cluster->owner, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    compute_paths(cluster);
    return read_settings(cluster, err);
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
    json_t *root = json_pack("{s:s, s:s, s:s}", "identifier", identifier, "endpoint",
                             cluster->endpoint, "region", CLUSTER_REGION);
    return root == NULL ? fail_nomem(err) : write_json(cluster->settings, 0644, root, err);
}

/*
 * Directories that exist get their mode again, so a change by hand does not last.  The name is
 * made once in a cluster's life.
 */
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
dsql_status cluster_write_state(const struct cluster *cluster, pid_t pid, const char *address,
                                int port, dsql_error *err)
{
    json_t *root = json_pack("{s:i, s:s, s:i}", "pid", (int)pid, "address", address, "port", port);
    return root == NULL ? fail_nomem(err) : write_json(cluster->state, 0644, root, err);
}

/* A missing or damaged file only means that the port is not known. */
int cluster_last_port(const struct cluster *cluster)
{
    json_t *root = json_load_file(cluster->state, 0, NULL);
    json_int_t port = json_integer_value(json_object_get(root, "port"));
    json_decref(root);
    return port > 0 && port < 65536 ? (int)port : 0;
}

/* A file of an earlier version has no address: there was no choice. */
void cluster_last_address(const struct cluster *cluster, char out[CLUSTER_ADDRESS_SIZE])
{
    json_t *root = json_load_file(cluster->state, 0, NULL);
    const char *address = json_string_value(json_object_get(root, "address"));
    if (address == NULL || !text_copy(text_of(address), out, CLUSTER_ADDRESS_SIZE)) {
        text_copy(text_of(CLUSTER_DEFAULT_ADDRESS), out, CLUSTER_ADDRESS_SIZE);
    }
    json_decref(root);
}
