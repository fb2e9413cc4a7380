/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a restore writes has a name of its own until restore_server_commit() renames
 * the data directory, once.  Whatever is killed before, the cluster is as it was.
 */
#include "local/restore_server.h"

#include "base/error.h"
#include "local/data_directory.h"
#include "local/file.h"
#include "local/postmaster.h"
#include "local/schema.h"
#include "local/server_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEW_PREFIX "data.restore.new."

/*
 * Nothing need survive a crash of this server, so it does not sync.  The port is a part of the
 * socket's name, and as long as the cluster's own.
 */
#define PORT "5433"
static const char *const settings[] = {
    ("port=" PORT),         "listen_addresses=", "fsync=off",      "synchronous_commit=off",
    "full_page_writes=off", "max_wal_size=4GB",  "autovacuum=off", NULL};

/* The cluster's socket has the longest path, and that fits. */
static void set_path(char out[CLUSTER_PATH_SIZE], const struct cluster *cluster, const char *name)
{
    int len = snprintf(out, CLUSTER_PATH_SIZE, "%s/%s", cluster->dir, name);
    if (len < 0 || len >= CLUSTER_PATH_SIZE) {
        out[0] = '\0';
    }
}

void restore_server_init(struct restore_server *server, const struct cluster *target)
{
    *server = (struct restore_server){.target = target, .cluster = *target};
    struct cluster *own = &server->cluster;
    char new_name[48];
    set_path(own->data, target, "data.restore");
    /* Of its own: the initdb of a restore that was killed removes what it has created. */
    snprintf(new_name, sizeof new_name, NEW_PREFIX "%d", (int)getpid());
    set_path(own->data_new, target, new_name);
    set_path(own->lock, target, "restore.lock");
    set_path(own->postgres_log, target, "restore.log");
    set_path(own->socket, target, "run/.s.PGSQL." PORT);
    set_path(server->archive, target, "restore.archive");
    set_path(server->list, target, "restore.list");
    snprintf(own->server_port, sizeof own->server_port, PORT);
}

dsql_status restore_server_lock(struct restore_server *server, dsql_error *err)
{
    return cluster_lock_take(&server->cluster, &server->lock, err) == DSQL_OK
               ? DSQL_OK
               : fail(err, DSQL_ERR_USAGE, "another restore of the cluster in \"%s\" is running",
                      server->target->dir);
}

/* The user may have changed them; the data directory is a new one, but the cluster is not. */
static dsql_status copy_settings(const struct restore_server *server, const char *name,
                                 dsql_error *err)
{
    char from[CLUSTER_PATH_SIZE + 32];
    char to[CLUSTER_PATH_SIZE + 32];
    snprintf(from, sizeof from, "%s/%s", server->target->data, name);
    snprintf(to, sizeof to, "%s/%s", server->cluster.data, name);
    struct buf content AUTO_BUF;
    buf_init(&content, FILE_MAX_SIZE);
    if (!file_exists(from)) {
        return DSQL_OK;
    }
    dsql_status status = file_read(from, &content, err);
    return status == DSQL_OK ? file_replace(to, 0600, buf_text(&content), err) : status;
}

static dsql_status create_data(const struct restore_server *server, const char *bindir,
                               dsql_error *err)
{
    dsql_status status = data_directory_create(&server->cluster, bindir, "", err);
    if (status == DSQL_OK) {
        status = copy_settings(server, "postgresql.conf", err);
    }
    return status == DSQL_OK ? copy_settings(server, "postgresql.auto.conf", err) : status;
}

PGconn *restore_server_start(struct restore_server *server, const struct extension *extension,
                             const char *bindir, dsql_error *err)
{
    char upgraded_from[EXTENSION_VERSION_SIZE];
    if (create_data(server, bindir, err) != DSQL_OK) {
        return NULL;
    }
    server->pid = postmaster_start(&server->cluster, bindir, settings, err);
    if (server->pid < 0) {
        server->pid = 0;
        return NULL;
    }
    PGconn *conn = postmaster_wait(&server->cluster, &server->pid, 0, err);
    if (conn != NULL && schema_install(conn, extension, upgraded_from, err) != DSQL_OK) {
        PQfinish(conn);
        conn = NULL;
    }
    return conn;
}

/* SIGINT is PostgreSQL's fast shutdown, with a checkpoint; its exit status tells of success. */
dsql_status restore_server_stop(struct restore_server *server, dsql_error *err)
{
    int status = -1;
    kill(server->pid, SIGINT);
    bool ok = waitpid(server->pid, &status, 0) == server->pid && status == 0;
    server->pid = 0;
    int dir = open(server->target->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = ok && dir >= 0 && syncfs(dir) == 0;
    if (dir >= 0) {
        close(dir);
    }
    return ok ? DSQL_OK
              : fail(err, DSQL_ERR_SYSTEM, "PostgreSQL could not write all data. See \"%s\"",
                     server->cluster.postgres_log);
}

dsql_status restore_server_commit(const struct restore_server *server, dsql_error *err)
{
    return rename(server->cluster.data, server->target->data_restored) == 0
               ? DSQL_OK
               : fail_errno(err, DSQL_ERR_SYSTEM, "could not rename \"%s\"", server->cluster.data);
}

/* Those of restores that were killed; each has a name of its own. */
static void remove_new_data(const struct cluster *target)
{
    char path[CLUSTER_PATH_SIZE + NAME_MAX + 2];
    DIR *folder = opendir(target->dir);
    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (text_starts_with(text_of(entry->d_name), NEW_PREFIX)) {
            snprintf(path, sizeof path, "%s/%s", target->dir, entry->d_name);
            directory_remove(path, NULL);
        }
    }
    closedir(folder);
}

/* The log stays until the next restore: it shows what ran. */
void restore_server_discard(struct restore_server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGQUIT);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
    if (file_exists(server->cluster.data)) {
        server_stop_wait(&server->cluster);
        directory_remove(server->cluster.data, NULL);
    }
    remove_new_data(server->target);
    unlink(server->archive);
    unlink(server->list);
}

void restore_server_clean_up(const struct cluster *target)
{
    struct restore_server server;
    struct cluster_process process;
    restore_server_init(&server, target);
    if (cluster_lock_read(&server.cluster, &process, NULL) == DSQL_OK &&
        process.phase == CLUSTER_STOPPED) {
        restore_server_discard(&server);
    }
}
