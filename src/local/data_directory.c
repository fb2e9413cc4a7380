/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * initdb or a copy of what it once made, our settings, and the check of the version.  A data
 * directory is either complete or missing: it is made under another name and renamed, so a start
 * that is interrupted by kill -9 leaves nothing that looks like a cluster.
 */
#include "local/data_directory.h"

#include "base/buf.h"
#include "base/error.h"
#include "local/data_template.h"
#include "local/file.h"
#include "local/postmaster_files.h"
#include "local/program.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VERSION_FILE_MAX_SIZE = 64, ORIGIN_MAX_SIZE = 4096 };

/*
 * Appended to the postgresql.conf that initdb writes.  Connections come from the gateway only.
 * What a user may want to change is here; what must hold in every cluster is in postmaster.c.
 */
static const char settings[] =
    "\n# dsql local: one machine, one Unix socket, the gateway in front\n"
    "listen_addresses = ''\n"
    "unix_socket_permissions = 0700\n"
    "port = 5432\n"
    "max_connections = 300\n"
    "shared_buffers = 128MB\n"
    "client_connection_check_interval = '1s'\n" /* a query ends when its client has gone */
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "recovery_init_sync_method = syncfs\n" /* not an fsync a file, which takes 2 s after kill -9 */
    "logging_collector = off\n";

/* Under its final name it is complete: see data_directory_create(). */
bool data_directory_exists(const struct cluster *cluster)
{
    return file_exists(cluster->data);
}

/*
 * "trust" is safe because the socket's directory is closed to other users.  Locale C, like the
 * service, sorts by bytes.  --no-sync, as a new cluster has no data to lose; it saves seconds.
 */
static const char *const initdb_options[] = {"-A",         "trust", "-U",   "dsql_owner",
                                             "--locale=C", "-E",    "UTF8", "--no-sync"};

enum { INITDB_OPTIONS = sizeof initdb_options / sizeof *initdb_options };

/* In the child.  If the daemon is killed meanwhile, nothing of it stays. */
static _Noreturn void become_initdb(const struct cluster *cluster, const char *bindir, int log)
{
    char program[PATH_MAX];
    struct arguments arguments = {0};
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    snprintf(program, sizeof program, "%s/initdb", bindir);
    arguments_add(&arguments, program);
    for (size_t i = 0; i < INITDB_OPTIONS; i++) {
        arguments_add(&arguments, initdb_options[i]);
    }
    arguments_add(&arguments, "-D");
    arguments_add(&arguments, cluster->data_new);
    program_become(arguments.values, log, log);
}

static dsql_status run_initdb(const struct cluster *cluster, const char *bindir, dsql_error *err)
{
    off_t log_from = postmaster_log_size(cluster);
    int log = cluster_open_postgres_log(cluster);
    pid_t pid = fork();
    if (pid == 0) {
        become_initdb(cluster, bindir, log);
    }
    close(log);
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        char words[POSTMASTER_COMPLAINT_SIZE];
        postmaster_log_complaint(cluster, log_from, words);
        return fail(err, DSQL_ERR_SYSTEM, "initdb failed: %s. See \"%s\"",
                    words[0] == '\0' ? "it wrote no reason" : words, cluster->postgres_log);
    }
    return DSQL_OK;
}

/* The last setting of a name wins in postgresql.conf, so appending overrides initdb's. */
static dsql_status write_settings(const struct cluster *cluster, dsql_error *err)
{
    char path[CLUSTER_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/postgresql.conf", cluster->data_new);
    struct buf content AUTO_BUF;
    buf_init(&content, FILE_MAX_SIZE);
    dsql_status status = file_read(path, &content, err);
    if (status != DSQL_OK) {
        return status;
    }
    buf_add_string(&content, settings);
    return buf_ok(&content) ? file_replace(path, 0600, buf_text(&content), err) : fail_nomem(err);
}

/* PG_VERSION is written by initdb and holds the major version alone, such as "16". */
dsql_status data_directory_check_version(const struct cluster *cluster, int major, dsql_error *err)
{
    char path[CLUSTER_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/PG_VERSION", cluster->data);
    struct buf content AUTO_BUF;
    buf_init(&content, VERSION_FILE_MAX_SIZE);
    dsql_status status = file_read(path, &content, err);
    int64_t own = 0;
    if (status != DSQL_OK) {
        return status;
    }
    if (!text_to_int64(text_trim(buf_text(&content)), 1, 999, &own)) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "\"%s\" is damaged: it holds no version number. Restore the directory \"data\" "
                    "from a backup, or delete the cluster with 'dsql local destroy'",
                    path);
    }
    return own == major
               ? DSQL_OK
               : fail(err, DSQL_ERR_SYSTEM,
                      "the cluster in \"%s\" was created by PostgreSQL %d, and the extension "
                      "is for PostgreSQL %d. Start it with an extension built for "
                      "PostgreSQL %d (--extension-dir), or choose another directory "
                      "with --dir",
                      cluster->dir, (int)own, major, (int)own);
}

static dsql_status make_new(const struct cluster *cluster, const char *bindir, dsql_error *err)
{
    dsql_status status = run_initdb(cluster, bindir, err);
    return status == DSQL_OK ? write_settings(cluster, err) : status;
}

/* What a template is made of, apart from the programs. */
static void open_template(struct data_template *template, const char *path, const char *bindir)
{
    struct buf origin AUTO_BUF;
    buf_init(&origin, ORIGIN_MAX_SIZE);
    for (size_t i = 0; i < INITDB_OPTIONS; i++) {
        buf_printf(&origin, "%s ", initdb_options[i]);
    }
    buf_add_string(&origin, settings);
    data_template_open(template, buf_ok(&origin) ? path : "", bindir, buf_text(&origin));
}

static dsql_status copy_or_make_new(const struct cluster *cluster, const char *bindir,
                                    const char *templates, dsql_error *err)
{
    struct data_template template AUTO_DATA_TEMPLATE = {.directory = -1};
    open_template(&template, templates, bindir);
    if (data_template_copy(&template, cluster->data_new)) {
        return DSQL_OK;
    }
    dsql_status status = make_new(cluster, bindir, err);
    if (status == DSQL_OK) {
        data_template_keep(&template, cluster->data_new);
    }
    return status;
}

/* The rename is last: a directory named data is complete. */
dsql_status data_directory_create(const struct cluster *cluster, const char *bindir,
                                  const char *templates, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    directory_place_apart(cluster->dir);
    /* A start that was interrupted. */
    if (file_exists(cluster->data_new)) {
        status = directory_remove(cluster->data_new, err);
    }
    if (status == DSQL_OK) {
        status = copy_or_make_new(cluster, bindir, templates, err);
    }
    if (status == DSQL_OK && rename(cluster->data_new, cluster->data) != 0) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not rename \"%s\"", cluster->data_new);
    }
    return status;
}

/* ---- A restored one ---- */

bool data_directory_is_restored(const struct cluster *cluster)
{
    return file_exists(cluster->data_restored);
}

static dsql_status rename_directory(const char *from, const char *to, dsql_error *err)
{
    return rename(from, to) == 0
               ? DSQL_OK
               : fail_errno(err, DSQL_ERR_SYSTEM, "could not rename \"%s\"", from);
}

/*
 * Two renames, each of which may be the last before a crash: while there is a restored directory,
 * it is the one to use, and the one under the final name is the earlier one or missing.
 */
dsql_status data_directory_replace(const struct cluster *cluster, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    if (data_directory_is_restored(cluster)) {
        if (file_exists(cluster->data)) {
            directory_remove(cluster->data_replaced, NULL);
            status = rename_directory(cluster->data, cluster->data_replaced, err);
        }
        if (status == DSQL_OK) {
            status = rename_directory(cluster->data_restored, cluster->data, err);
        }
    }
    if (status == DSQL_OK && file_exists(cluster->data_replaced)) {
        status = directory_remove(cluster->data_replaced, err);
    }
    return status;
}
