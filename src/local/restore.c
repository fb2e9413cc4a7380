/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A file holds code of every role of the cluster that it is from: functions, constraints, index
 * expressions, views.  So two connections load it into a server that has nothing else.
 *
 * The owner, a superuser, creates roles and changes owners and privileges.  It executes nothing
 * of the file and calls no function of it (contents.c).
 *
 * The loading role logs in for pg_restore.  It is not a superuser and its session never was one's,
 * so there is nothing to reset to.  It owns the objects while they are created.  Then they are
 * given to their owners; for the data it may only insert, and for indexes and constraints it is a
 * member of the owners.  At the end the new server must be as the file describes it.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "local/archive_list.h"
#include "local/backup.h"
#include "local/backup_file.h"
#include "local/backup_programs.h"
#include "local/cluster_lock.h"
#include "local/cluster_owner.h"
#include "local/contents.h"
#include "local/database.h"
#include "local/file.h"
#include "local/restore_server.h"
#include "local/server_processes.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LIST_MAX = 256 << 20,
    ROLE_RANDOM = 8,
    ROLE_SIZE = 40,
    SQL_SIZE = 256,
    SYSTEM_SIZE = 32,
    STOP_MS = 15000,
    WAIT_MS = 60000,
    POLL_MS = 50
};

struct restore {
    const struct backup *backup;
    const char *name; /* of the file, for messages */
    FILE *in;
    struct extension extension;
    char bindir[POSTGRES_BINDIR_SIZE];
    struct restore_server server;
    PGconn *live; /* the owner, in the cluster */
    PGconn *conn; /* the owner, in the new server */
    char role[ROLE_SIZE];
    char system[SYSTEM_SIZE]; /* the identifier of the new data directory */
    /* Descriptions of the file, of the cluster before, and what of the latter is kept. */
    struct buf file, before, kept;
};

/* ---- Before anything is created ---- */

static dsql_status read_file(struct restore *restore, dsql_error *err)
{
    int fd =
        open(restore->server.archive, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *archive = fd < 0 ? NULL : fdopen(fd, "w");
    if (archive == NULL) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create \"%s\"", restore->server.archive);
    }
    dsql_status status = backup_file_read(restore->in, restore->name, &restore->file, archive, err);
    fclose(archive);
    return status;
}

/* The running server has loaded a module, and the new one will get its SQL from this program. */
static dsql_status check_label(PGconn *conn, const struct extension *extension, dsql_error *err)
{
    const char *const values[] = {extension->version};
    PGresult *result =
        PQexecParams(conn,
                     "SELECT FROM pg_namespace WHERE nspname = 'sys'"
                     "   AND obj_description(oid, 'pg_namespace') = '" EXTENSION_NAME " ' || $1",
                     1, NULL, values, NULL, NULL, 0);
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    if (status == DSQL_OK && PQntuples(result) == 0) {
        status = fail(err, DSQL_ERR_SYSTEM,
                      "the running cluster was started by another version of dsql. Stop it, and "
                      "start it with this one");
    }
    PQclear(result);
    return status;
}

static dsql_status check_cluster(struct restore *restore, dsql_error *err)
{
    dsql_error cause = {0};
    dsql_status status = contents_session(restore->live, err);
    if (status == DSQL_OK) {
        status = check_label(restore->live, &restore->extension, err);
    }
    if (status == DSQL_OK) {
        status = contents_describe(restore->live, &restore->before, err);
    }
    if (status == DSQL_OK &&
        contents_check_empty(restore->live, restore->before.data, &cause) != DSQL_OK) {
        status = fail(err, DSQL_ERR_USAGE,
                      "the cluster is not empty: %s. Restore into a new one (--dir), or destroy "
                      "this one first",
                      cause.message);
    }
    return status == DSQL_OK ? contents_keep(restore->live, restore->file.data,
                                             restore->before.data, &restore->kept, err)
                             : status;
}

static dsql_status prepare(struct restore *restore, dsql_error *err)
{
    int major = 0;
    const struct cluster *cluster = restore->backup->cluster;
    dsql_status status = read_file(restore, err);
    if (status == DSQL_OK) {
        status = postgres_find(restore->backup->pg_bindir, restore->extension.major,
                               restore->bindir, &major, err);
    }
    if (status == DSQL_OK) {
        status = extension_check_major(&restore->extension, major, restore->bindir, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    restore->live = database_connect(cluster, "dsql_owner", err);
    return restore->live == NULL ? DSQL_ERR_CONNECT : check_cluster(restore, err);
}

/* ---- The archive ---- */

static dsql_status write_list(const struct restore *restore, struct text list, dsql_error *err)
{
    struct buf ids AUTO_BUF;
    buf_init(&ids, LIST_MAX);
    if (!archive_list_select(list, &ids)) {
        return fail(err, DSQL_ERR_SYSTEM, "pg_restore printed an invalid list");
    }
    return file_replace(restore->server.list, 0600, buf_text(&ids), err);
}

static dsql_status make_list(const struct restore *restore, dsql_error *err)
{
    const char *const options[] = {"-l", restore->server.archive, NULL};
    const struct backup_program program = {.bindir = restore->bindir,
                                           .name = "pg_restore",
                                           .options = options,
                                           .cluster = &restore->server.cluster};
    char line[4096];
    pid_t pid = -1;
    FILE *output = NULL;
    struct buf list AUTO_BUF;
    buf_init(&list, LIST_MAX);
    dsql_status status = backup_start(&program, &pid, &output, err);
    if (status != DSQL_OK) {
        return status;
    }
    for (size_t got = fread(line, 1, sizeof line, output); got > 0;
         got = fread(line, 1, sizeof line, output)) {
        buf_add(&list, line, got);
    }
    fclose(output);
    status = backup_wait(pid, &program, err);
    if (status == DSQL_OK && !buf_ok(&list)) {
        status = fail_nomem(err);
    }
    return status == DSQL_OK ? write_list(restore, buf_text(&list), err) : status;
}

/* Owners and privileges are restored from the description, by the other connection. */
static dsql_status load(const struct restore *restore, const char *section, dsql_error *err)
{
    const char *const options[] = {section,
                                   "-L",
                                   restore->server.list,
                                   "--no-owner",
                                   "--no-privileges",
                                   "--exit-on-error",
                                   "--no-password",
                                   "--no-tablespaces",
                                   restore->server.archive,
                                   NULL};
    const struct backup_program program = {.bindir = restore->bindir,
                                           .name = "pg_restore",
                                           .cluster = &restore->server.cluster,
                                           .user = restore->role,
                                           .options = options};
    return backup_run(&program, err);
}

/* ---- The loading role ---- */

/* Its name is random: it must not be one of the file's.  The gateway lets no dsql_ role log in. */
static dsql_status create_role(struct restore *restore, dsql_error *err)
{
    unsigned char bytes[ROLE_RANDOM];
    char hex[2 * ROLE_RANDOM + 1];
    char sql[SQL_SIZE];
    if (!random_bytes(bytes, sizeof bytes)) {
        return fail(err, DSQL_ERR_SYSTEM, "the operating system returned no random bytes");
    }
    text_hex(bytes, sizeof bytes, hex);
    snprintf(restore->role, sizeof restore->role, "dsql_restore_%s", hex);
    snprintf(sql, sizeof sql,
             "CREATE ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;"
             " ALTER ROLE %s SET dsql_local.strict = off",
             restore->role, restore->role);
    dsql_status status = database_run(restore->conn, sql, err);
    return status == DSQL_OK
               ? contents_allow_creation(restore->conn, restore->file.data, restore->role, err)
               : status;
}

/* From here on code of the file may run. */
static dsql_status forbid_creation(const struct restore *restore, dsql_error *err)
{
    char sql[SQL_SIZE];
    snprintf(sql, sizeof sql, "REVOKE CREATE ON DATABASE postgres FROM %s", restore->role);
    return database_run(restore->conn, sql, err);
}

/* What the description does not know, such as a conversion, becomes admin's. */
static dsql_status drop_role(const struct restore *restore, dsql_error *err)
{
    char sql[SQL_SIZE];
    snprintf(sql, sizeof sql, "REASSIGN OWNED BY %s TO admin; DROP OWNED BY %s; DROP ROLE %s",
             restore->role, restore->role, restore->role);
    return database_run(restore->conn, sql, err);
}

/* ---- Loading ---- */

static dsql_status load_definitions(struct restore *restore, dsql_error *err)
{
    backup_report(restore->backup, "restoring schemas");
    dsql_status status = contents_create_roles(restore->conn, restore->file.data, err);
    if (status == DSQL_OK) {
        status = contents_create_roles(restore->conn, restore->kept.data, err);
    }
    if (status == DSQL_OK) {
        status = create_role(restore, err);
    }
    if (status == DSQL_OK) {
        status = load(restore, "--section=pre-data", err);
    }
    if (status == DSQL_OK) {
        status = contents_set_owners(restore->conn, restore->file.data, false, err);
    }
    return status == DSQL_OK ? forbid_creation(restore, err) : status;
}

static dsql_status load_data(struct restore *restore, dsql_error *err)
{
    backup_report(restore->backup, "restoring data");
    dsql_status status = contents_allow_data(restore->conn, restore->file.data, restore->role, err);
    if (status == DSQL_OK) {
        status = load(restore, "--section=data", err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    backup_report(restore->backup, "restoring indexes and constraints");
    status = contents_allow_ownership(restore->conn, restore->file.data, restore->role, err);
    return status == DSQL_OK ? load(restore, "--section=post-data", err) : status;
}

static dsql_status grant(struct restore *restore, dsql_error *err)
{
    dsql_status status = contents_set_owners(restore->conn, restore->file.data, true, err);
    if (status == DSQL_OK) {
        status = drop_role(restore, err);
    }
    if (status == DSQL_OK) {
        status = contents_grant(restore->conn, restore->file.data, err);
    }
    if (status == DSQL_OK) {
        status = contents_grant_roles(restore->conn, restore->file.data, err);
    }
    return status == DSQL_OK ? contents_grant_roles(restore->conn, restore->kept.data, err)
                             : status;
}

/*
 * Code of the file has run, for example that of a CHECK constraint.  It could not reach beyond
 * this server, and here nothing may have come of it.
 */
static dsql_status check(struct restore *restore, dsql_error *err)
{
    struct buf now AUTO_BUF;
    buf_init(&now, CONTENTS_MAX);
    backup_report(restore->backup, "checking");
    dsql_status status = contents_describe(restore->conn, &now, err);
    return status == DSQL_OK ? contents_check(restore->conn, restore->file.data, restore->kept.data,
                                              now.data, err)
                             : status;
}

static dsql_status read_system(PGconn *conn, char out[SYSTEM_SIZE], dsql_error *err)
{
    PGresult *result = PQexec(conn, "SELECT system_identifier FROM pg_control_system()");
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    if (status == DSQL_OK) {
        snprintf(out, SYSTEM_SIZE, "%s", PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return status;
}

static dsql_status load_all(struct restore *restore, dsql_error *err)
{
    backup_report(restore->backup, "creating a data directory");
    restore->conn =
        restore_server_start(&restore->server, &restore->extension, restore->bindir, err);
    if (restore->conn == NULL) {
        return DSQL_ERR_SYSTEM;
    }
    dsql_status (*const steps[])(struct restore *, dsql_error *) = {load_definitions, load_data,
                                                                    grant, check};
    dsql_status status = contents_session(restore->conn, err);
    if (status == DSQL_OK) {
        status = make_list(restore, err);
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == DSQL_OK; i++) {
        status = steps[i](restore, err);
    }
    if (status == DSQL_OK) {
        status = read_system(restore->conn, restore->system, err);
    }
    PQfinish(restore->conn);
    return status == DSQL_OK ? restore_server_stop(&restore->server, err) : status;
}

/* ---- Into its place ---- */

/*
 * Until PostgreSQL is stopped, nobody else can create anything: what is created now would be
 * lost.
 */
static dsql_status lock_cluster(struct restore *restore, dsql_error *err)
{
    struct buf now AUTO_BUF;
    buf_init(&now, CONTENTS_MAX);
    dsql_status status = database_run(
        restore->live,
        "BEGIN; SET LOCAL lock_timeout = '10s';"
        " LOCK TABLE pg_class, pg_namespace, pg_proc, pg_type, pg_authid, pg_auth_members,"
        " pg_default_acl, pg_db_role_setting, sys.iam_role_mappings IN SHARE MODE",
        err);
    if (status == DSQL_OK) {
        status = contents_describe(restore->live, &now, err);
    }
    if (status == DSQL_OK && !text_equal(buf_text(&now), buf_text(&restore->before))) {
        status = fail(err, DSQL_ERR_QUERY,
                      "the cluster was changed during the restore. Let no client use it, and run "
                      "the restore again");
    }
    return status;
}

/* CLUSTER_STOPPED only if that is known. */
static enum cluster_phase phase_of(const struct cluster *cluster)
{
    struct cluster_process process;
    return cluster_lock_read(cluster, &process, NULL) == DSQL_OK ? process.phase
                                                                 : CLUSTER_RESTARTING;
}

/*
 * By its identifier: the server that answers may still be the earlier one.  Clients are let in
 * once the daemon has noticed that it runs.
 */
static bool is_in_place(const struct restore *restore)
{
    char system[SYSTEM_SIZE] = "";
    if (phase_of(restore->backup->cluster) != CLUSTER_RUNNING) {
        return false;
    }
    PGconn *conn = database_connect(restore->backup->cluster, "dsql_owner", NULL);
    bool same = conn != NULL && read_system(conn, system, NULL) == DSQL_OK &&
                strcmp(system, restore->system) == 0;
    PQfinish(conn);
    return same;
}

/*
 * SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one: the data that it stops with is
 * replaced.  The daemon starts it again, and puts the new data directory into its place first.
 */
static dsql_status restart(struct restore *restore, dsql_error *err)
{
    const struct cluster *cluster = restore->backup->cluster;
    pid_t postmaster = server_processes_postmaster(cluster);
    backup_report(restore->backup, "restarting PostgreSQL");
    if (postmaster > 0) {
        kill(postmaster, SIGINT);
    }
    for (int waited = 0; waited < WAIT_MS && phase_of(cluster) != CLUSTER_STOPPED;
         waited += POLL_MS) {
        if (is_in_place(restore)) {
            return DSQL_OK;
        }
        if (waited == STOP_MS && postmaster > 0 &&
            server_processes_postmaster(cluster) == postmaster) {
            kill(postmaster, SIGQUIT);
        }
        clock_sleep_ms(clock_system(), POLL_MS);
    }
    return fail(err, DSQL_ERR_SYSTEM,
                "\"%s\" is restored, but PostgreSQL did not start again. The next start of the "
                "cluster has the restored contents. See 'dsql local logs'",
                restore->name);
}

/* ---- All of it ---- */

/* Up to the commit an error means that the cluster is as it was. */
static dsql_status load_and_commit(struct restore *restore, dsql_error *err)
{
    dsql_error cause = {0};
    dsql_status status = load_all(restore, &cause);
    if (status == DSQL_OK) {
        status = lock_cluster(restore, &cause);
    }
    if (status == DSQL_OK) {
        status = restore_server_commit(&restore->server, &cause);
    }
    if (status != DSQL_OK) {
        return fail(err, status, "could not restore \"%s\": %s. Nothing was changed", restore->name,
                    cause.message);
    }
    return restart(restore, err);
}

/* As the cluster's owner. */
static dsql_status run(const struct cluster *cluster, void *arg, dsql_error *err)
{
    struct restore *restore = arg;
    restore_server_init(&restore->server, cluster);
    dsql_status status = restore_server_lock(&restore->server, err);
    if (status != DSQL_OK) {
        return status;
    }
    restore_server_discard(&restore->server);
    unlink(restore->server.cluster.postgres_log);
    status = prepare(restore, err);
    if (status == DSQL_OK) {
        status = load_and_commit(restore, err);
    }
    PQfinish(restore->live);
    restore_server_discard(&restore->server);
    return status;
}

dsql_status backup_restore(const struct backup *backup, dsql_error *err)
{
    bool is_stdin = strcmp(backup->file, "-") == 0;
    struct restore restore = {.backup = backup,
                              .name = is_stdin ? "standard input" : backup->file,
                              .in = is_stdin ? stdin : fopen(backup->file, "re")};
    if (restore.in == NULL) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", backup->file);
    }
    buf_init(&restore.file, BACKUP_CONTENTS_MAX);
    buf_init(&restore.before, CONTENTS_MAX);
    buf_init(&restore.kept, CONTENTS_MAX);
    dsql_status status = extension_read(&restore.extension, backup->extension_dir, err);
    if (status == DSQL_OK) {
        status = cluster_owner_run(backup->cluster, run, &restore, err);
    }
    extension_clear(&restore.extension);
    buf_clear(&restore.file);
    buf_clear(&restore.before);
    buf_clear(&restore.kept);
    if (!is_stdin) {
        fclose(restore.in);
    }
    return status;
}
