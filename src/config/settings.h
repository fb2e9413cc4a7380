/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the caller wants, resolved and checked once: options take precedence over the connection
 * string, the connection string over the environment, and that over the defaults.  A struct
 * settings does not change after token/complete.c has completed it, so threads may share it.
 */
#ifndef DSQL_CONFIG_SETTINGS_H
#define DSQL_CONFIG_SETTINGS_H

#include "base/log.h"
#include "config/endpoint.h"
#include "config/pairs.h"

#include <dsql.h>

enum {
    SETTINGS_NAME_SIZE = 64, /* PostgreSQL: NAMEDATALEN, 63 bytes and NUL */
    SETTINGS_DEFAULT_TOKEN_SECONDS = 900,
    SETTINGS_MAX_TOKEN_SECONDS = 604800 /* SigV4 presigning: one week */
};

/** The options of a pool.  An argument of a hook is passed through and never owned. */
/**
 * HikariCP's value for the first.  The second is short beside a transaction, and long beside the
 * time that a thread needs to wake up.
 */
enum { POOL_TRUST_MS = 500, POOL_OVERTAKE_MS = 2 };

struct pool_settings {
    int max;
    int min_idle;
    int max_lifetime_s;
    int max_idle_s;
    int acquire_timeout_ms; /* -1: no limit */
    int connect_timeout_ms; /* not positive: no limit */
    int validate_idle_s;    /* -1: never */
    int leak_warn_s;        /* 0: off */
    int trust_ms;           /* a connection released less than this ago is not looked at */
    int overtake_ms;        /* how long a caller in the queue may be overtaken */
    bool reset_on_release;
    dsql_status (*on_connect)(PGconn *conn, void *arg, dsql_error *err);
    void *on_connect_arg;
    dsql_status (*on_acquire)(PGconn *conn, void *arg, dsql_error *err);
    void *on_acquire_arg;
    void (*on_release)(PGconn *conn, void *arg);
    void *on_release_arg;
    void (*on_close)(PGconn *conn, void *arg);
    void *on_close_arg;
};

/** The waits between attempts at a transaction, and the limits. */
struct retry_settings {
    int max_attempts;
    int base_ms;
    int max_ms;
    int timeout_ms;           /* -1: no limit */
    int statement_timeout_ms; /* not positive: none of its own */
};

/** Owns its strings, the pairs and a reference to the provider. */
struct settings {
    struct endpoint endpoint;
    char *via; /* the name of an interface endpoint to connect to instead; mostly NULL */
    char user[SETTINGS_NAME_SIZE];
    char dbname[SETTINGS_NAME_SIZE];
    char port[6];
    char application_name[SETTINGS_NAME_SIZE]; /* complete: "[prefix:]dsql-c/VERSION" */
    char *profile;                             /* NULL: AWS_PROFILE, then "default" */
    char *ca_file;                             /* NULL: find one, see connect/sslrootcert.h */
    dsql_credentials_provider *credentials;    /* a reference of ours; NULL: the default chain */
    int token_seconds;                         /* how long a token is valid */
    int connect_timeout_ms;                    /* -1: no limit */
    struct pq_pair *pairs; /* further libpq keywords, in the order given, all known to libpq */
    size_t pair_count;
    struct pool_settings pool;
    struct retry_settings retry;
    struct logger logger;
};

/** The user of the built-in administrator role: logs in with DbConnectAdmin. */
#define SETTINGS_ADMIN_USER "admin"

/** Fills *out on DSQL_OK only; then settings_clear() it.  options must not be NULL. */
dsql_status settings_resolve(const dsql_options *options, struct settings *out, dsql_error *err);

/** The retry part alone, for dsql_conn_transaction(), which needs no host.  options may be NULL. */
dsql_status settings_resolve_retry(const dsql_options *options, struct retry_settings *out,
                                   struct logger *logger, dsql_error *err);

/** Frees everything and leaves an empty struct, so it may be called twice. */
void settings_clear(struct settings *settings);

#endif
