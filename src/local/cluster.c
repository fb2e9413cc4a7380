/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a cluster runs is asked of the kernel, by a lock (fcntl) on a file that the daemon holds
 * as long as it lives.  A file with a process id would be wrong after kill -9.
 */
#include "local/cluster.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/random.h"
#include "local/file.h"

#include <jansson.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char not_set[] = "";

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL ? not_set : value;
}

/* The socket's path is the longest, and choose_dir() has made sure that it fits. */
static void join(char *out, const char *dir, const char *name)
{
    int len = snprintf(out, CLUSTER_PATH_SIZE, "%s/%s", dir, name);
    if (len < 0 || len >= CLUSTER_PATH_SIZE) {
        out[0] = '\0';
    }
}

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

/* An absolute path for --dir.  Returns the length of the whole path, which may not fit. */
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

/* PostgreSQL refuses to run as root. */
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

/* A cluster that does not exist yet has no file; its endpoint stays "". */
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

/* Whether the owner, who is not root, may enter every directory above. */
static dsql_status check_reachable(const struct cluster *cluster, dsql_error *err)
{
    char part[CLUSTER_PATH_SIZE];
    text_copy(text_of(cluster->dir), part, sizeof part);
    for (char *slash = strrchr(part, '/'); slash != NULL && slash != part;
         slash = strrchr(part, '/')) {
        *slash = '\0';
        struct stat info;
        if (stat(part, &info) != 0) {
            continue;
        }
        bool is_open = (info.st_mode & S_IXOTH) != 0 ||
                       (info.st_uid == cluster->owner.uid && (info.st_mode & S_IXUSR) != 0);
        if (!is_open) {
            return fail(err, DSQL_ERR_USAGE,
                        "cannot create a cluster in \"%s\": when root starts it, the server runs "
                        "as user %s, who may not enter \"%s\". Choose another directory with "
                        "--dir",
                        cluster->dir, cluster->owner.name, part);
        }
    }
    return DSQL_OK;
}

/* A mistyped --dir must not turn, say, a home directory into a cluster. */
static bool is_cluster_or_empty(const struct cluster *cluster)
{
    return file_exists(cluster->settings) || file_exists(cluster->lock) ||
           folder_is_empty(cluster->dir);
}

/* Root's umask may be 077, and the server must be able to enter. */
static dsql_status create_dir(const struct cluster *cluster, dsql_error *err)
{
    mode_t own_umask = cluster->owner.is_other ? umask(0022) : 0;
    dsql_status status = folder_make_all(cluster->dir, err);
    if (cluster->owner.is_other) {
        umask(own_umask);
    }
    return status;
}

/* By descriptor: between a check by path and chown() the path could become another file. */
static dsql_status give_dir_to_owner(const struct cluster *cluster, dsql_error *err)
{
    int fd = open(cluster->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not open \"%s\"", cluster->dir);
    }
    dsql_status status = DSQL_OK;
    bool ok = fchmod(fd, 0711) == 0 &&
              (!cluster->owner.is_other || fchown(fd, cluster->owner.uid, cluster->owner.gid) == 0);
    if (!ok) {
        status = fail_errno(err, DSQL_ERR_SYSTEM,
                            "could not set the owner and the permissions of \"%s\"", cluster->dir);
    }
    close(fd);
    return status;
}

dsql_status cluster_prepare(const struct cluster *cluster, dsql_error *err)
{
    dsql_status status = cluster->owner.is_other ? check_reachable(cluster, err) : DSQL_OK;
    if (status == DSQL_OK) {
        status = create_dir(cluster, err);
    }
    if (status == DSQL_OK && !is_cluster_or_empty(cluster)) {
        status = fail(err, DSQL_ERR_USAGE,
                      "\"%s\" is not empty and holds no cluster. Choose another directory with "
                      "--dir",
                      cluster->dir);
    }
    return status == DSQL_OK ? give_dir_to_owner(cluster, err) : status;
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

dsql_status cluster_create(struct cluster *cluster, dsql_error *err)
{
    dsql_status status = folder_make(cluster->secret, 0700, err);
    if (status == DSQL_OK) {
        status = folder_make(cluster->run, 0700, err);
    }
    if (status == DSQL_OK) {
        status = folder_make(cluster->lib, 0700, err);
    }
    if (status == DSQL_OK && cluster->endpoint[0] == '\0') {
        status = make_name(cluster, err);
    }
    return status;
}

dsql_status cluster_become_owner(const struct cluster *cluster, dsql_error *err)
{
    const struct cluster_owner *owner = &cluster->owner;
    if (!owner->is_other) {
        return DSQL_OK;
    }
    if (initgroups(owner->name, owner->gid) != 0 ||
        setresgid(owner->gid, owner->gid, owner->gid) != 0 ||
        setresuid(owner->uid, owner->uid, owner->uid) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not change to user %s", owner->name);
    }
    return DSQL_OK;
}

dsql_status cluster_take_lock(const struct cluster *cluster, dsql_error *err)
{
    /* Stays open: closing any descriptor of the file would drop the lock (fcntl(2)). */
    int fd = open(cluster->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not open \"%s\"", cluster->lock);
    }
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &lock) != 0) {
        close(fd);
        return fail(err, DSQL_ERR_USAGE,
                    "another process is starting or running the cluster in \"%s\"", cluster->dir);
    }
    return DSQL_OK;
}

pid_t cluster_running_pid(const struct cluster *cluster)
{
    int fd = open(cluster->lock, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    /* F_GETLK reports a lock that conflicts with this one, and the process that holds it. */
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    bool is_held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return is_held ? lock.l_pid : 0;
}

dsql_status cluster_write_state(const struct cluster *cluster, pid_t pid, int port, dsql_error *err)
{
    json_t *root = json_pack("{s:i, s:i}", "pid", (int)pid, "port", port);
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
