/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What `dsql proxy` is to do: read from the command line, then the environment (DSQL_PROXY_ and the
 * name of the option, as in DSQL_PROXY_POOL_MODE), then the configuration file, then the defaults.
 * The clusters come from one of these places, the first that has any.
 */
#ifndef DSQL_CLI_PROXY_SETTINGS_H
#define DSQL_CLI_PROXY_SETTINGS_H

#include "base/buf.h"
#include "cli/proxy_target.h"
#include "proxy/proxy_options.h"

#include <dsql.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    PROXY_TARGETS_MAX = 256,
    PROXY_SOCKET_USERS_MAX = 64,
    PROXY_DRAIN_S = 30,
    PROXY_RETRIES = 7, /* as libdsql: 8 attempts */
    PROXY_FIRST_PORT = 5432
};

/** Where the texts come from. */
struct proxy_sources {
    /** The value of an option on the command line: NULL if it was not given, "" for a flag. */
    const char *(*option)(void *arg, const char *name);
    /** The value of a variable; NULL if it is not set or empty. */
    const char *(*environment)(void *arg, const char *name);
    /** Appends the content of the configuration file. */
    dsql_status (*read_file)(void *arg, const char *path, struct buf *content, dsql_error *err);
    void *arg;
    char *const *clusters; /* on the command line */
    size_t cluster_count;
};

/** All strings belong to the settings.  Those that were not given are NULL. */
struct proxy_settings {
    struct proxy_target targets[PROXY_TARGETS_MAX]; /* each with a port of its own */
    size_t target_count;
    enum proxy_pool_mode pool_mode;
    enum proxy_authentication authentication;
    char *listen_address; /* NULL: no TCP */
    bool has_socket;
    char *socket_directory; /* NULL: the default, if has_socket */
    uid_t socket_users[PROXY_SOCKET_USERS_MAX];
    size_t socket_user_count;
    char *password_file;
    char *tls_cert;
    char *tls_key;
    char *http_address; /* NULL: no status page */
    int http_port;
    int drain_s;
    int retries;
    bool is_strict;
    bool is_for_dump; /* every client is treated as pg_dump */
    int max_clients;  /* 0: the proxy's default, as the next */
    int lifetime_s;
    bool has_json_log;
    char *state_directory; /* NULL: the default */
};

/** DSQL_ERR_USAGE: not valid; the error says where the value comes from.  To be freed in any case
    with proxy_settings_clear(). */
dsql_status proxy_settings_read(struct proxy_settings *settings,
                                const struct proxy_sources *sources, dsql_error *err);
void proxy_settings_clear(struct proxy_settings *settings);

/** Whether a numeric address is 127.0.0.0/8 or ::1. */
bool proxy_address_is_loopback(const char *address);

#endif
