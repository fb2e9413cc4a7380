/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * psql and not libpq, because a script is what users run with psql elsewhere: statements end at
 * ';', each is a transaction of its own unless the script says BEGIN, and \copy works.
 */
#include "local/init_scripts.h"

#include "base/error.h"
#include "base/secret.h"
#include "local/file.h"
#include "local/identity.h"
#include "local/report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT_MAX = 4096, VARIABLES = 11, VARIABLE_SIZE = 4096 };

/* ---- The mark of an unfinished start ---- */

/* Without this, a crash of the machine could bring a file back that was removed. */
static dsql_status sync_directory(const struct cluster *cluster, dsql_error *err)
{
    int fd = open(cluster->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    dsql_status status =
        ok ? DSQL_OK
           : fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\" to disk", cluster->dir);
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

bool init_scripts_are_unfinished(const struct cluster *cluster)
{
    return file_exists(cluster->initializing);
}

dsql_status init_scripts_begin(const struct cluster *cluster, dsql_error *err)
{
    return file_replace(cluster->initializing, 0600, text_of(""), err);
}

dsql_status init_scripts_end(const struct cluster *cluster, dsql_error *err)
{
    if (unlink(cluster->initializing) != 0 && errno != ENOENT) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not remove \"%s\"", cluster->initializing);
    }
    return sync_directory(cluster, err);
}

/* ---- Finding the scripts ---- */

static int is_script(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && text_ends_with(text_of(entry->d_name), ".sql");
}

static void report_ignored(const char *dir)
{
    DIR *folder = opendir(dir);
    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.' && !is_script(entry)) {
            report_progress("ignoring \"%s/%s\": init scripts have names that end in .sql", dir,
                            entry->d_name);
        }
    }
    closedir(folder);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes the entries, and frees them. */
static bool copy_names(struct init_scripts *scripts, struct dirent **entries, int count)
{
    bool ok = true;
    scripts->names = calloc((size_t)count + 1, sizeof *scripts->names);
    for (int i = 0; i < count; i++) {
        char *name = scripts->names == NULL ? NULL : strdup(entries[i]->d_name);
        ok = ok && name != NULL;
        if (name != NULL) {
            scripts->names[scripts->count++] = name;
        }
        free(entries[i]);
    }
    free(entries);
    return ok && scripts->names != NULL;
}

dsql_status init_scripts_find(struct init_scripts *scripts, const char *dir, dsql_error *err)
{
    struct dirent **entries = NULL;
    *scripts = (struct init_scripts){.dir = dir};
    int count = scandir(dir, &entries, is_script, compare_names);
    if (count < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM,
                          "could not read the directory of init scripts \"%s\"", dir);
    }
    if (!copy_names(scripts, entries, count)) {
        return fail_nomem(err);
    }
    if (count > INIT_SCRIPTS_MAX) {
        return fail(err, DSQL_ERR_USAGE,
                    "the directory of init scripts \"%s\" has %d scripts, and the limit is %d", dir,
                    count, INIT_SCRIPTS_MAX);
    }
    report_ignored(dir);
    return DSQL_OK;
}

void init_scripts_clear(struct init_scripts *scripts)
{
    for (int i = 0; i < scripts->count; i++) {
        free(scripts->names[i]);
    }
    free(scripts->names);
    *scripts = (struct init_scripts){0};
}

/* ---- Running one ---- */

/* A token for admin; NULL: err says why. */
static char *make_token(const struct cluster *cluster, dsql_error *err)
{
    char key_id[IDENTITY_KEY_ID_SIZE];
    struct gateway_identity identity = {0};
    if (identity_read_first(cluster->identities, key_id, &identity, err) != DSQL_OK) {
        return NULL;
    }
    dsql_credentials_provider *credentials =
        dsql_credentials_static(key_id, secret_string(&identity.secret_access_key),
                                secret_string(&identity.session_token), err);
    char *token = credentials == NULL
                      ? NULL
                      : dsql_token(DSQL_OPTIONS(.host = cluster->endpoint, .region = CLUSTER_REGION,
                                                .user = "admin", .credentials = credentials),
                                   NULL, err);
    dsql_credentials_unref(credentials);
    secret_clear(&identity.secret_access_key);
    secret_clear(&identity.session_token);
    return token;
}

/* The environment of psql: nothing of the daemon's but PATH.  It is wiped, as it has the token. */
struct variables {
    char text[VARIABLES][VARIABLE_SIZE];
    char *list[VARIABLES + 1];
    int count;
};

/* A child that runs psql, and what it has written. */
struct run {
    char psql[PATH_MAX];
    struct variables variables;
    uv_process_t process;
    uv_pipe_t errors;
    char chunk[1024];
    char output[OUTPUT_MAX]; /* its beginning */
    size_t len;
    int64_t exit_status;
    int signal;
};

static void on_psql_exit(uv_process_t *process, int64_t exit_status, int signal)
{
    struct run *run = process->data;
    run->exit_status = exit_status;
    run->signal = signal;
    uv_close((uv_handle_t *)process, NULL);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct run *run = handle->data;
    (void)suggested;
    *out = uv_buf_init(run->chunk, sizeof run->chunk);
}

/* Passed on at once, since a long script should be seen to work; and kept, for the error. */
static void on_output(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes)
{
    struct run *run = stream->data;
    if (got < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        return;
    }
    fwrite(bytes->base, 1, (size_t)got, stderr);
    size_t room = sizeof run->output - 1 - run->len;
    size_t kept = (size_t)got < room ? (size_t)got : room;
    memcpy(run->output + run->len, bytes->base, kept);
    run->len += kept;
    run->output[run->len] = '\0';
}

void init_scripts_find_error(struct text output, char *out, size_t size)
{
    struct text rest = output;
    struct text line = {0};
    struct text found = text_of(NULL);
    bool is_error = false;
    while (!is_error && text_next_line(&rest, &line)) {
        is_error = text_starts_with(line, "psql:") &&
                   (text_contains(line, ": ERROR:") || text_contains(line, ": FATAL:") ||
                    text_contains(line, ": error:"));
        if (is_error || text_is_empty(found)) {
            found = line;
        }
    }
    found = text_slice(found, 0, text_utf8_prefix(found, size - 1));
    text_copy(found, out, size);
}

static dsql_status explain(const char *script, const struct run *run, dsql_error *err)
{
    char reason[DSQL_ERROR_MESSAGE_SIZE / 2] = "";
    init_scripts_find_error(text_of_bytes(run->output, run->len), reason, sizeof reason);
    if (reason[0] == '\0') {
        snprintf(reason, sizeof reason,
                 run->signal != 0 ? "psql was ended by signal %d" : "psql ended with status %d",
                 run->signal != 0 ? run->signal : (int)run->exit_status);
    }
    return fail(err, DSQL_ERR_SYSTEM,
                "the init script \"%s\" failed: %s. Correct it and start the cluster again, which "
                "begins with an empty database",
                script, reason);
}

/* With -X it reads no file of the user. */
static int spawn(struct run *run, uv_loop_t *loop, char *file)
{
    char *arguments[] = {(char[]){"psql"}, (char[]){"-X"}, (char[]){"-q"},
                         (char[]){"-w"},   (char[]){"-v"}, (char[]){"ON_ERROR_STOP=1"},
                         (char[]){"-f"},   file,           NULL};
    uv_stdio_container_t files[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&run->errors},
    };
    const uv_process_options_t options = {.file = run->psql,
                                          .args = arguments,
                                          .env = run->variables.list,
                                          .exit_cb = on_psql_exit,
                                          .stdio = files,
                                          .stdio_count = 3};
    uv_pipe_init(loop, &run->errors, 0);
    run->errors.data = run;
    run->process.data = run;
    int failed = uv_spawn(loop, &run->process, &options);
    if (failed != 0) {
        uv_close((uv_handle_t *)&run->errors, NULL);
        uv_close((uv_handle_t *)&run->process, NULL);
        return failed;
    }
    return uv_read_start((uv_stream_t *)&run->errors, on_alloc, on_output);
}

/* The gateway keeps the loop alive, so its end is not the end of psql. */
static bool is_over(const struct run *run)
{
    return uv_is_closing((const uv_handle_t *)&run->process) &&
           uv_is_closing((const uv_handle_t *)&run->errors);
}

static dsql_status run_psql(struct run *run, uv_loop_t *loop, const char *script, dsql_error *err)
{
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%s", script);
    int failed = spawn(run, loop, file);
    while (!is_over(run)) {
        uv_run(loop, UV_RUN_ONCE);
    }
    uv_run(loop, UV_RUN_NOWAIT); /* the handles are closed, and may go */
    if (failed != 0) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "could not run psql for the init scripts: %s. Install PostgreSQL's client "
                    "programs",
                    uv_strerror(failed));
    }
    return run->exit_status == 0 && run->signal == 0 ? DSQL_OK : explain(script, run, err);
}

static void set(struct variables *variables, const char *name, const char *value)
{
    char *text = variables->text[variables->count];
    snprintf(text, VARIABLE_SIZE, "%s=%s", name, value);
    variables->list[variables->count++] = text;
}

/* As a client is told by `dsql local env`, apart from the port. */
static void set_variables(struct variables *variables, const struct cluster *cluster, int port,
                          const char *token)
{
    const char *path = getenv("PATH");
    char port_text[16];
    snprintf(port_text, sizeof port_text, "%d", port);
    set(variables, "PATH", path == NULL ? "/usr/local/bin:/usr/bin:/bin" : path);
    set(variables, "PGHOST", cluster->endpoint);
    set(variables, "PGHOSTADDR", CLUSTER_DEFAULT_ADDRESS);
    set(variables, "PGPORT", port_text);
    set(variables, "PGUSER", "admin");
    set(variables, "PGDATABASE", "postgres");
    set(variables, "PGPASSWORD", token);
    set(variables, "PGSSLMODE", "verify-full");
    set(variables, "PGSSLROOTCERT", cluster->ca);
    set(variables, "PGAPPNAME", "dsql local init");
    set(variables, "PGCLIENTENCODING", "UTF8");
}

/*
 * The one of the server's own version, which Debian's /usr/bin/psql, a script that chooses a
 * cluster, is not.
 */
static void find_psql(struct run *run, const char *bindir)
{
    int len = snprintf(run->psql, sizeof run->psql, "%s/psql", bindir);
    if (len < 0 || (size_t)len >= sizeof run->psql || access(run->psql, X_OK) != 0) {
        snprintf(run->psql, sizeof run->psql, "psql");
    }
}

/* The token is made for each script, because it expires. */
static dsql_status run_script(const struct cluster *cluster, const char *bindir, uv_loop_t *loop,
                              int port, const char *script, dsql_error *err)
{
    static struct run run; /* libuv's handles must not move */
    run = (struct run){0};
    char *token = make_token(cluster, err);
    if (token == NULL) {
        return DSQL_ERR_SYSTEM;
    }
    find_psql(&run, bindir);
    set_variables(&run.variables, cluster, port, token);
    dsql_token_free(token);
    dsql_status status = run_psql(&run, loop, script, err);
    secret_wipe(&run.variables, sizeof run.variables);
    secret_wipe_remains();
    return status;
}

dsql_status init_scripts_run(const struct init_scripts *scripts, const struct cluster *cluster,
                             const char *bindir, uv_loop_t *loop, int port, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    for (int i = 0; status == DSQL_OK && i < scripts->count; i++) {
        char script[PATH_MAX];
        int len = snprintf(script, sizeof script, "%s/%s", scripts->dir, scripts->names[i]);
        if (len < 0 || (size_t)len >= sizeof script) {
            return fail(err, DSQL_ERR_USAGE, "the path is too long: \"%s/%s\"", scripts->dir,
                        scripts->names[i]);
        }
        report_progress("running the init script \"%s\"", script);
        status = run_script(cluster, bindir, loop, port, script, err);
    }
    return status;
}
