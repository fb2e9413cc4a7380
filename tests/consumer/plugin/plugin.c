/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes a plugin that has used libdsql while one of libdsql's connections is still open.  The
 * connection calls back into the library when it is closed, and so does fork().
 *
 * usage: plugin LIBDSQL
 */
#include <dsql.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "plugin: line %d: %s\n", __LINE__, #what);                             \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

typedef PGconn *connect_start_fn(const dsql_options *options, dsql_error *err);

/* A server that accepts and never answers. */
static int listen_somewhere(char port[8])
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(server, (struct sockaddr *)&here, size) == 0 && listen(server, 1) == 0);
    CHECK(getsockname(server, (struct sockaddr *)&here, &size) == 0);
    snprintf(port, 8, "%u", ntohs(here.sin_port));
    return server;
}

static PGconn *begin_to_connect(void *library, const char *port)
{
    static const char *const keywords[] = {"hostaddr", NULL};
    static const char *const values[] = {"127.0.0.1", NULL};
    dsql_error err = {0};
    connect_start_fn *connect_start = NULL;
    *(void **)(&connect_start) = dlsym(library, "dsql_connect_start");
    CHECK(connect_start != NULL);
    PGconn *conn =
        connect_start(DSQL_OPTIONS(.host = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws",
                                   .port = port, .pq_keywords = keywords, .pq_values = values),
                      &err);
    if (conn == NULL) {
        fprintf(stderr, "plugin: %s\n", err.message);
    }
    return conn;
}

int main(int argc, char **argv)
{
    char port[8];
    CHECK(argc == 2);
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    int server = listen_somewhere(port);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    PGconn *conn = begin_to_connect(library, port);
    CHECK(conn != NULL);
    CHECK(dlclose(library) == 0);
    PQfinish(conn);
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close(server);
    puts("plugin: all is well");
    return 0;
}
