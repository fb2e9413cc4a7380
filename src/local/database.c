/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See database.h. */
#include "local/database.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "local/file.h"
#include "local/program.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_START_MS = 30000, WAIT_STOP_MS = 15000, POLL_MS = 15, DATABASE_ERROR_SIZE = 400 };

static const char settings[] =
    "\n# dsql local: one machine, one Unix socket, the gateway in front\n"
    "listen_addresses = ''\n"
    "unix_socket_permissions = 0700\n"
    "port = 5432\n"
    "max_connections = 300\n"
    "shared_buffers = 128MB\n"
    "client_connection_check_interval = '1s'\n" /* a query ends with its client */
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "recovery_init_sync_method = syncfs\n" /* one call, not one a file: 2 s after kill -9 */
    "logging_collector = off\n";

/*
 * What no file may change, given at each start; also to clusters that are older.  An
 * update leaves a dead version and touches every index, so autovacuum is eager.
 */
static const char *const start_settings[] = {
    "shared_preload_libraries=dsql_local",
    "default_table_access_method=dsql",
    "default_transaction_isolation=repeatable read",
    "default_text_search_config=pg_catalog.simple",
    "max_prepared_transactions=0",
    "autovacuum=on",
    "autovacuum_naptime=5s",
    "autovacuum_vacuum_scale_factor=0.02",
    "autovacuum_vacuum_threshold=500",
    "autovacuum_vacuum_cost_delay=0",
};

/* ---- Finding it ---- */

int database_parse_version(const char *text)
{
    struct text rest = text_of(text);
    while (!text_is_empty(rest) && !char_is_digit(rest.data[0])) {
        rest = text_slice(rest, 1, rest.len);
    }
    size_t digits = 0;
    while (digits < rest.len && char_is_digit(rest.data[digits])) {
        digits++;
    }
    int64_t version = 0;
    return text_to_int64(text_slice(rest, 0, digits), 1, 999, &version) ? (int)version : 0;
}

/* 0: there is no server in that folder. */
static int version_in(const char *bindir)
{
    char program[PATH_MAX];
    char line[128];
    snprintf(program, sizeof program, "%s/initdb", bindir);
    if (access(program, X_OK) != 0) {
        return 0;
    }
    snprintf(program, sizeof program, "%s/postgres", bindir);
    char *argv[] = {program, (char[]){"--version"}, NULL};
    return program_first_line(argv, line, sizeof line) ? database_parse_version(line) : 0;
}

static void take_if_better(const char *candidate, int wanted, char *bindir, int *best)
{
    int version = version_in(candidate);
    bool is_better = *best != wanted && (version > *best || version == wanted);
    if (version >= POSTGRES_OLDEST && is_better) {
        *best = version;
        text_copy(text_of(candidate), bindir, POSTGRES_BINDIR_SIZE);
    }
}

static void look_around(int wanted, char bindir[POSTGRES_BINDIR_SIZE], int *best)
{
    char line[POSTGRES_BINDIR_SIZE];
    char *argv[] = {(char[]){"pg_config"}, (char[]){"--bindir"}, NULL};
    if (program_first_line(argv, line, sizeof line)) {
        take_if_better(line, wanted, bindir, best);
    }
    glob_t found = {0};
    if (*best != wanted && glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            take_if_better(found.gl_pathv[i], wanted, bindir, best);
        }
    }
    globfree(&found);
}

dsql_status database_find(const char *option, int wanted, char bindir[POSTGRES_BINDIR_SIZE],
                          int *version, dsql_error *err)
{
    int best = 0;
    bindir[0] = '\0';
    if (option != NULL) {
        take_if_better(option, wanted, bindir, &best);
        *version = best;
        return best > 0 ? DSQL_OK
                        : fail(err, DSQL_ERR_USAGE, "no PostgreSQL server %d or newer in %s",
                               POSTGRES_OLDEST, option);
    }
    look_around(wanted, bindir, &best);
    *version = best;
    return best > 0 ? DSQL_OK
                    : fail(err, DSQL_ERR_SYSTEM,
                           "no PostgreSQL server %d or newer found: install one with 'apt-get "
                           "install postgresql', or say where it is with --pg-bindir",
                           POSTGRES_OLDEST);
}

/* ---- Its data directory ---- */

bool database_has_data(const struct cluster *cluster)
{
    return file_exists(cluster->data);
}

static int open_log(const struct cluster *cluster)
{
    return open(cluster->postgres_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                0600);
}

static dsql_status run_initdb(const struct cluster *cluster, const char *bindir, dsql_error *err)
{
    char program[PATH_MAX];
    char data[CLUSTER_PATH_SIZE];
    snprintf(program, sizeof program, "%s/initdb", bindir);
    text_copy(text_of(cluster->data_new), data, sizeof data);
    char *argv[] = {program,
                    (char[]){"-A"},
                    (char[]){"trust"},
                    (char[]){"-U"},
                    (char[]){"dsql_owner"},
                    (char[]){"--locale=C"},
                    (char[]){"-E"},
                    (char[]){"UTF8"},
                    (char[]){"--no-sync"},
                    (char[]){"-D"},
                    data,
                    NULL};
    int log = open_log(cluster);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        program_become(argv, log, log);
    }
    close(log);
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        return fail(err, DSQL_ERR_SYSTEM, "initdb failed: see %s", cluster->postgres_log);
    }
    return DSQL_OK;
}

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

dsql_status database_init(const struct cluster *cluster, const char *bindir, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    if (file_exists(cluster->data_new)) {
        status = folder_remove(cluster->data_new, false, err);
    }
    if (status == DSQL_OK) {
        status = run_initdb(cluster, bindir, err);
    }
    if (status == DSQL_OK) {
        status = write_settings(cluster, err);
    }
    if (status == DSQL_OK && rename(cluster->data_new, cluster->data) != 0) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not rename %s", cluster->data_new);
    }
    return status;
}

/* ---- Its process ---- */

static void add_setting(struct arguments *arguments, const char *setting)
{
    arguments_add(arguments, "-c");
    arguments_add(arguments, setting);
}

static void add_extra_settings(struct arguments *arguments, const char *const *extra)
{
    for (; extra != NULL && *extra != NULL; extra++) {
        add_setting(arguments, *extra);
    }
}

pid_t database_spawn(const struct cluster *cluster, const char *bindir, const char *const *extra,
                     dsql_error *err)
{
    char program[PATH_MAX];
    snprintf(program, sizeof program, "%s/postgres", bindir);
    char path[CLUSTER_PATH_SIZE + 64];
    snprintf(path, sizeof path, "dynamic_library_path=%s:$libdir", cluster->lib);
    struct arguments arguments = {0};
    arguments_add(&arguments, program);
    arguments_add(&arguments, "-D");
    arguments_add(&arguments, cluster->data);
    /* -k, not a line in the file: a cluster's folder may be moved. */
    arguments_add(&arguments, "-k");
    arguments_add(&arguments, cluster->run);
    add_setting(&arguments, path);
    for (size_t i = 0; i < sizeof start_settings / sizeof *start_settings; i++) {
        add_setting(&arguments, start_settings[i]);
    }
    add_extra_settings(&arguments, extra);
    pid_t parent = getpid();
    int log = open_log(cluster);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGINT);
        if (getppid() != parent) {
            _exit(1);
        }
        program_become(arguments.values, log, log);
    }
    if (log >= 0) {
        close(log);
    }
    if (pid < 0) {
        fail_errno(err, DSQL_ERR_SYSTEM, "could not start PostgreSQL");
    }
    return pid;
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0 || errno == EPERM;
}

/* The pid in postmaster.pid may have been given to somebody else since. */
static bool is_our_postmaster(const struct cluster *cluster, pid_t pid)
{
    char link[64];
    char folder[PATH_MAX] = "";
    char data[PATH_MAX] = "";
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    ssize_t len = readlink(link, folder, sizeof folder - 1);
    if (len <= 0 || realpath(cluster->data, data) == NULL) {
        return false;
    }
    folder[len] = '\0';
    return strcmp(folder, data) == 0;
}

static pid_t read_postmaster_pid(const char *path)
{
    struct buf content AUTO_BUF;
    buf_init(&content, 4096);
    struct text line = {0};
    int64_t pid = 0;
    if (file_read(path, &content, NULL) == DSQL_OK) {
        struct text rest = buf_text(&content);
        if (text_next_line(&rest, &line)) {
            text_to_int64(line, 2, INT_MAX, &pid);
        }
    }
    return (pid_t)pid;
}

static bool wait_gone(pid_t pid, int64_t limit_ms)
{
    for (int64_t waited = 0; waited < limit_ms && is_alive(pid); waited += POLL_MS) {
        clock_sleep_ms(clock_system(), POLL_MS);
    }
    return !is_alive(pid);
}

dsql_status database_stop_orphan(const struct cluster *cluster, dsql_error *err)
{
    char path[CLUSTER_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data);
    if (!file_exists(path)) {
        return DSQL_OK;
    }
    pid_t pid = read_postmaster_pid(path);
    if (pid == 0 || !is_alive(pid)) {
        return DSQL_OK; /* PostgreSQL sees that itself, and checks its shared memory too */
    }
    if (!is_our_postmaster(cluster, pid)) {
        unlink(path);
        return DSQL_OK;
    }
    kill(pid, SIGINT);
    if (wait_gone(pid, WAIT_STOP_MS)) {
        return DSQL_OK;
    }
    kill(pid, SIGQUIT);
    return wait_gone(pid, WAIT_STOP_MS)
               ? DSQL_OK
               : fail(err, DSQL_ERR_SYSTEM, "PostgreSQL (pid %d) does not stop", (int)pid);
}

/* ---- Talking to it ---- */

/* PGHOSTADDR, PGSERVICE and the like are meant for the gateway's clients, not for us. */
void database_forget_environment(void)
{
    static const char *const names[] = {"PGHOSTADDR", "PGSERVICE",     "PGSERVICEFILE",
                                        "PGOPTIONS",  "PGSSLROOTCERT", "PGSSLMODE",
                                        "PGPASSWORD", "PGPASSFILE",    "PGTARGETSESSIONATTRS",
                                        "PGTZ",       "PGDATESTYLE",   "PGCLIENTENCODING"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsetenv(names[i]);
    }
}

PGconn *database_connect(const struct cluster *cluster, const char *user, dsql_error *err)
{
    const char *const keywords[] = {"host", "port", "user", "dbname", "sslmode", "application_name",
                                    NULL};
    const char *const values[] = {cluster->run, "5432",       user, "postgres",
                                  "disable",    "dsql local", NULL};
    database_forget_environment();
    PGconn *conn = PQconnectdbParams(keywords, values, 0);
    if (PQstatus(conn) != CONNECTION_OK) {
        fail(err, DSQL_ERR_CONNECT, "could not reach PostgreSQL: %s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    return conn;
}

PGconn *database_wait(const struct cluster *cluster, pid_t *pid, dsql_error *err)
{
    for (int64_t waited = 0; waited < WAIT_START_MS; waited += POLL_MS) {
        PGconn *conn = database_connect(cluster, "dsql_owner", err);
        if (conn != NULL) {
            return conn;
        }
        int status = 0;
        if (waitpid(*pid, &status, WNOHANG) == *pid) {
            *pid = 0;
            fail(err, DSQL_ERR_SYSTEM, "PostgreSQL ended at once: see %s", cluster->postgres_log);
            return NULL;
        }
        clock_sleep_ms(clock_system(), POLL_MS);
    }
    return NULL;
}

static dsql_status query_failed(PGconn *conn, PGresult *result, dsql_error *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    fail(err, DSQL_ERR_QUERY, "%.*s", DATABASE_ERROR_SIZE,
         message == NULL ? PQerrorMessage(conn) : message);
    error_set_sqlstate(err, sqlstate);
    return DSQL_ERR_QUERY;
}

static bool is_success(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

dsql_status database_run(PGconn *conn, const char *sql, dsql_error *err)
{
    PGresult *result = PQexec(conn, sql);
    dsql_status status = is_success(result) ? DSQL_OK : query_failed(conn, result, err);
    PQclear(result);
    return status;
}

/* Aurora DSQL has only this one. */
static const char text_search_sql[] =
    "DO $$ DECLARE other record; BEGIN"
    "  FOR other IN SELECT oid::regconfig AS name FROM pg_catalog.pg_ts_config"
    "    WHERE cfgnamespace = 'pg_catalog'::regnamespace AND cfgname <> 'simple' LOOP"
    "    EXECUTE pg_catalog.format('DROP TEXT SEARCH CONFIGURATION %s', other.name);"
    "  END LOOP; "
    "END $$";

/*
 * CREATEROLE before PostgreSQL 16 may grant any role that is not a superuser, so the
 * roles that run programs and read files are made superusers: only the owner grants them.
 * Whoever got one before that loses it, or would be a superuser now.
 */
static const char guard_sql[] =
    "BEGIN;"
    "SET LOCAL search_path = pg_catalog, pg_temp;"
    "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;" /* there are no temporary tables */
    "DO $$ DECLARE given record; BEGIN"
    "  FOR given IN SELECT m.roleid::regrole AS role, m.member::regrole AS member"
    "    FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_authid a ON a.oid = m.roleid"
    "    WHERE NOT a.rolsuper AND a.rolname IN"
    "      ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files') LOOP"
    "    EXECUTE pg_catalog.format('REVOKE %s FROM %s CASCADE', given.role, given.member);"
    "  END LOOP; "
    "END $$;"
    "UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE NOT rolsuper AND rolname IN"
    "  ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files');"
    "COMMIT";

static const char bootstrap_sql[] =
    "BEGIN;"
    "CREATE ROLE admin LOGIN CREATEROLE;"
    "GRANT CREATE ON DATABASE postgres TO admin;"
    "ALTER SCHEMA public OWNER TO admin;"
    "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
    "GRANT USAGE ON SCHEMA public TO PUBLIC;"
    "CREATE SCHEMA sys;"
    "GRANT USAGE ON SCHEMA sys TO PUBLIC;"
    "CREATE TABLE sys.iam_role_mappings ("
    "  iam_oid oid NOT NULL, arn text NOT NULL, pg_role_oid oid NOT NULL,"
    "  grantor_pg_role_oid oid NOT NULL, PRIMARY KEY (pg_role_oid, arn));"
    "CREATE SEQUENCE sys.iam_oids AS integer START 26384 OWNED BY sys.iam_role_mappings.iam_oid;"
    "CREATE VIEW sys.iam_pg_role_mappings AS"
    "  SELECT m.iam_oid, m.arn, m.pg_role_oid, r.rolname AS pg_role_name,"
    "         m.grantor_pg_role_oid, g.rolname AS grantor_pg_role_name"
    "  FROM sys.iam_role_mappings m JOIN pg_catalog.pg_roles r ON r.oid = m.pg_role_oid"
    "  LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor_pg_role_oid;"
    "GRANT SELECT ON sys.iam_pg_role_mappings TO PUBLIC;"
    "CREATE FUNCTION sys.iam_session_allowed(arn text) RETURNS boolean"
    "  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$"
    "  SELECT EXISTS (SELECT FROM sys.iam_pg_role_mappings m"
    "                 WHERE m.pg_role_name = session_user AND m.arn = $1) $$;"
    "CREATE FUNCTION sys.iam_grant(role text, arn text) RETURNS void"
    "  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$"
    "DECLARE target pg_catalog.pg_roles; "
    "BEGIN"
    "  IF arn !~ '^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[a-z-]+/.+' THEN"
    "    RAISE EXCEPTION 'IAM role must look like an IAM ARN' USING ERRCODE = '22023';"
    "  END IF;"
    "  SELECT * INTO target FROM pg_catalog.pg_roles WHERE rolname = role;"
    "  IF NOT FOUND THEN"
    "    RAISE EXCEPTION 'role \"%\" does not exist', role USING ERRCODE = '42704';"
    "  END IF;"
    "  IF target.rolsuper OR target.rolname = 'admin' OR target.rolname LIKE 'pg\\_%' THEN"
    "    RAISE EXCEPTION 'Cannot establish trust with role %', role USING ERRCODE = '42501';"
    "  END IF;"
    "  IF NOT target.rolcanlogin THEN"
    "    RAISE EXCEPTION 'role % must have the LOGIN attribute', role USING ERRCODE = '22023';"
    "  END IF;"
    "  INSERT INTO sys.iam_role_mappings"
    "    SELECT pg_catalog.nextval('sys.iam_oids')::oid, arn, target.oid, r.oid"
    "    FROM pg_catalog.pg_roles r WHERE r.rolname = session_user"
    "    ON CONFLICT DO NOTHING;"
    "END $$;"
    "CREATE FUNCTION sys.iam_revoke(role text, arn text) RETURNS void"
    "  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$"
    "BEGIN"
    "  DELETE FROM sys.iam_role_mappings m USING pg_catalog.pg_roles r"
    "    WHERE r.oid = m.pg_role_oid AND r.rolname = iam_revoke.role AND m.arn = iam_revoke.arn;"
    "  IF NOT FOUND THEN"
    "    RAISE EXCEPTION 'IAM role % does not exist', arn USING ERRCODE = '42704';"
    "  END IF;"
    "END $$;"
    "REVOKE ALL ON FUNCTION sys.iam_grant(text, text), sys.iam_revoke(text, text) FROM PUBLIC;"
    "GRANT EXECUTE ON FUNCTION sys.iam_grant(text, text), sys.iam_revoke(text, text) TO admin;"
    "COMMIT";

/* The schema and its tables are PostgreSQL's own kind, and no statement of ours is refused. */
static const char session_sql[] =
    "SET dsql_local.strict = off; SET default_table_access_method = heap";

dsql_status database_bootstrap(PGconn *conn, bool *is_new, dsql_error *err)
{
    PGresult *result = PQexec(conn, "SELECT FROM pg_namespace WHERE nspname = 'sys'");
    bool is_ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    *is_new = is_ok && PQntuples(result) == 0;
    dsql_status status = is_ok ? DSQL_OK : query_failed(conn, result, err);
    PQclear(result);
    if (status == DSQL_OK) {
        status = database_run(conn, session_sql, err);
    }
    if (status == DSQL_OK) {
        status = database_run(conn, guard_sql, err);
    }
    if (status == DSQL_OK) {
        status = database_run(conn, text_search_sql, err);
    }
    return status == DSQL_OK && *is_new ? database_run(conn, bootstrap_sql, err) : status;
}

static dsql_status role_exists(PGconn *conn, const char *role, bool *exists, dsql_error *err)
{
    PGresult *result = PQexecParams(conn, "SELECT FROM pg_roles WHERE rolname = $1", 1, NULL, &role,
                                    NULL, NULL, 0);
    dsql_status status = is_success(result) ? DSQL_OK : query_failed(conn, result, err);
    *exists = PQntuples(result) > 0;
    PQclear(result);
    return status;
}

static dsql_status create_role(PGconn *conn, const char *role, dsql_error *err)
{
    char *name = PQescapeIdentifier(conn, role, strlen(role));
    if (name == NULL) {
        return fail(err, DSQL_ERR_USAGE, "not a role's name");
    }
    struct buf sql AUTO_BUF;
    buf_init(&sql, 1024);
    buf_printf(&sql, "CREATE ROLE %s WITH LOGIN", name);
    PQfreemem(name);
    return buf_ok(&sql) ? database_run(conn, sql.data, err)
                        : fail(err, DSQL_ERR_USAGE, "the role's name is too long");
}

static dsql_status call_iam(PGconn *conn, const char *sql, const char *role, const char *arn,
                            dsql_error *err)
{
    const char *const values[] = {role, arn};
    PGresult *result = PQexecParams(conn, sql, 2, NULL, values, NULL, NULL, 0);
    dsql_status status = is_success(result) ? DSQL_OK : query_failed(conn, result, err);
    PQclear(result);
    return status;
}

dsql_status database_iam_grant(PGconn *conn, const char *role, const char *arn, dsql_error *err)
{
    bool exists = false;
    dsql_status status = role_exists(conn, role, &exists, err);
    if (status == DSQL_OK && !exists) {
        status = create_role(conn, role, err);
    }
    if (status == DSQL_OK) {
        status = call_iam(conn, "SELECT sys.iam_grant($1, $2)", role, arn, err);
    }
    return status;
}

dsql_status database_iam_revoke(PGconn *conn, const char *role, const char *arn, dsql_error *err)
{
    return call_iam(conn, "SELECT sys.iam_revoke($1, $2)", role, arn, err);
}
