/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_TRIES = 3000, PATIENCE_MS = 10 };

static struct {
    pid_t owner; /* the process that started it; only this one stops it */
    pid_t server;
    char directory[64];
    char data[80];
    char programs[256];
    char conninfo[256];
} postgres;

static void die(const char *what)
{
    fprintf(stderr, "test postgres: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void pause_ms(int ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static void find_programs(void)
{
    glob_t found;
    if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0) {
        const char *last = found.gl_pathv[found.gl_pathc - 1];
        snprintf(postgres.programs, sizeof postgres.programs, "%.*s",
                 (int)(strrchr(last, '/') - last), last);
        globfree(&found);
        return;
    }
    FILE *output = popen("pg_config --bindir", "r");
    if (output == NULL || fgets(postgres.programs, sizeof postgres.programs, output) == NULL) {
        die("no postgres found");
    }
    pclose(output);
    postgres.programs[strcspn(postgres.programs, "\n")] = '\0';
}

/* PostgreSQL does not run as root. */
static void leave_root(void)
{
    if (geteuid() != 0) {
        return;
    }
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
        _exit(126);
    }
}

static void make_directory(void)
{
    snprintf(postgres.directory, sizeof postgres.directory, "/tmp/dsql-test-XXXXXX");
    if (mkdtemp(postgres.directory) == NULL) {
        die("mkdtemp");
    }
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (user != NULL && chown(postgres.directory, user->pw_uid, user->pw_gid) != 0) {
        die("chown");
    }
    snprintf(postgres.data, sizeof postgres.data, "%s/data", postgres.directory);
    snprintf(postgres.conninfo, sizeof postgres.conninfo,
             "host=%s port=5432 user=postgres dbname=postgres sslmode=disable", postgres.directory);
}

/* The sanitizers' options and a different libpq under test are for the tests only. */
static _Noreturn void run(char *const arguments[])
{
    unsetenv("LD_PRELOAD");
    unsetenv("LD_LIBRARY_PATH");
    execv(arguments[0], arguments);
    _exit(127);
}

/* stdout and stderr go to a log next to the data. */
static pid_t start(char *const arguments[])
{
    pid_t child = fork();
    if (child != 0) {
        return child;
    }
    leave_root();
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    char log[80];
    snprintf(log, sizeof log, "%s/log", postgres.directory);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) {
        _exit(126);
    }
    run(arguments);
}

static void create_cluster(void)
{
    char *arguments[] = {(char[]){DSQL_TEST_INITDB}, postgres.programs, postgres.data,
                         (char[]){DSQL_TEST_TEMPLATES}, NULL};
    pid_t child = fork();
    if (child == 0) {
        run(arguments);
    }
    int status = 0;
    if (waitpid(child, &status, 0) < 0 || status != 0) {
        die("initdb failed");
    }
}

static void start_server(void)
{
    char program[300];
    snprintf(program, sizeof program, "%s/postgres", postgres.programs);
    char *arguments[] = {program,
                         (char[]){"-D"},
                         postgres.data,
                         (char[]){"-k"},
                         postgres.directory,
                         (char[]){"-p"},
                         (char[]){"5432"},
                         (char[]){"-c"},
                         (char[]){"listen_addresses="},
                         (char[]){"-c"},
                         (char[]){"fsync=off"},
                         (char[]){"-c"},
                         (char[]){"max_connections=100"},
                         NULL};
    postgres.server = start(arguments);
}

static void end_server(void)
{
    if (getpid() != postgres.owner) {
        return;
    }
    kill(postgres.server, SIGQUIT);
    waitpid(postgres.server, NULL, 0);
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", postgres.directory);
    if (system(command) != 0) {
        fprintf(stderr, "test postgres: left %s behind\n", postgres.directory);
    }
}

static void wait_until_ready(void)
{
    for (int tries = 0; PQping(postgres.conninfo) != PQPING_OK; tries++) {
        if (tries == START_TRIES || waitpid(postgres.server, NULL, WNOHANG) != 0) {
            die("the server does not start");
        }
        pause_ms(PATIENCE_MS);
    }
}

const char *postgres_conninfo(void)
{
    if (postgres.server != 0) {
        return postgres.conninfo;
    }
    postgres.owner = getpid();
    find_programs();
    make_directory();
    create_cluster();
    start_server();
    atexit(end_server);
    wait_until_ready();
    return postgres.conninfo;
}

PGconn *postgres_connect(void)
{
    PGconn *conn = PQconnectdb(postgres_conninfo());
    if (PQstatus(conn) != CONNECTION_OK) {
        die(PQerrorMessage(conn));
    }
    return conn;
}

void postgres_run(const char *sql)
{
    PGconn *conn = postgres_connect();
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        die(PQerrorMessage(conn));
    }
    PQclear(result);
    PQfinish(conn);
}

long postgres_number(const char *sql)
{
    PGconn *conn = postgres_connect();
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        die(PQerrorMessage(conn));
    }
    long number = strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(conn);
    return number;
}

static void wait_for_end(pid_t backend)
{
    for (int tries = 0; kill(backend, 0) == 0; tries++) {
        if (tries == START_TRIES) {
            die("a backend does not end");
        }
        pause_ms(PATIENCE_MS);
    }
}

void postgres_kill(int backend_pid)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)", backend_pid);
    postgres_run(sql);
    wait_for_end(backend_pid);
}

void postgres_kill_backends(void)
{
    PGconn *conn = postgres_connect();
    PGresult *result =
        PQexec(conn, "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
    for (int i = 0; i < PQntuples(result); i++) {
        wait_for_end((pid_t)strtol(PQgetvalue(result, i, 0), NULL, 10));
    }
    PQclear(result);
    PQfinish(conn);
}

void postgres_crash(void)
{
    postgres_conninfo();
    kill(postgres.server, SIGQUIT);
    waitpid(postgres.server, NULL, 0);
}

void postgres_start_again(void)
{
    start_server();
    wait_until_ready();
}
