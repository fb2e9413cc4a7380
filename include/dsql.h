/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/**
 * @file dsql.h
 * Aurora DSQL on top of libpq: IAM tokens, a pool, transactions that retry.
 *
 * libdsql never wraps a connection.  What comes out is a plain PGconn: every
 * PQ function works on it, and PQfinish() is always safe to call on it.
 *
 * Conventions, true for every function here:
 *  - A function that creates something returns it, or NULL on failure.
 *  - A function that does something returns a dsql_status; DSQL_OK is 0.
 *  - The last parameter may be a dsql_error the caller owns; NULL is allowed.
 *  - Strings passed in are copied.  Strings returned say who frees them.
 *  - NULL to a close/free function does nothing.
 *  - The library never calls exit(), never prints, never installs a signal
 *    handler, never calls setenv(), and keeps no thread-local state.  (Server
 *    NOTICEs are libpq's: it prints them unless PQsetNoticeProcessor() is used.)
 *
 * Thread safety: dsql_pool and dsql_credentials_provider may be shared by
 * threads.  A PGconn, as always, belongs to one thread at a time.
 */
#ifndef DSQL_H
#define DSQL_H

#include <libpq-fe.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The single place where the version is written; the build reads it here. */
#define DSQL_VERSION_MAJOR 0
#define DSQL_VERSION_MINOR 1
#define DSQL_VERSION_PATCH 0
#define DSQL_VERSION_NUM                                                                           \
    (DSQL_VERSION_MAJOR * 10000 + DSQL_VERSION_MINOR * 100 + DSQL_VERSION_PATCH)

#if defined(__GNUC__)
#define DSQL_API          __attribute__((visibility("default")))
#define DSQL_MUST_USE     __attribute__((warn_unused_result))
#define DSQL_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define DSQL_API
#define DSQL_MUST_USE
#define DSQL_PRINTF(f, a)
#endif

/** Version of the library loaded at run time; compare with DSQL_VERSION_NUM. */
DSQL_API int dsql_version(void);

/* ---- Errors ------------------------------------------------------------ */

/** Values are never renumbered; new ones may appear in a minor release. */
typedef enum {
    DSQL_OK = 0,
    DSQL_ERR_USAGE = 1,           /**< a caller's mistake: bad option or argument */
    DSQL_ERR_NOMEM = 2,           /**< allocation failed */
    DSQL_ERR_CREDENTIALS = 3,     /**< no provider in the chain had credentials */
    DSQL_ERR_TOKEN = 4,           /**< signing failed, or the endpoint has no region */
    DSQL_ERR_CONNECT = 5,         /**< network, TLS or authentication */
    DSQL_ERR_TIMEOUT = 6,         /**< the wait given by the caller ran out */
    DSQL_ERR_CLOSED = 7,          /**< the pool is closing */
    DSQL_ERR_QUERY = 8,           /**< the server rejected a statement; see sqlstate */
    DSQL_ERR_OCC = 9,             /**< still in conflict after the last retry */
    DSQL_ERR_COMMIT_UNKNOWN = 10, /**< connection lost during COMMIT: may have happened */
    DSQL_ERR_CALLBACK = 11        /**< returned by a callback to stop, nothing else */
} dsql_status;

#define DSQL_ERROR_MESSAGE_SIZE 480

/**
 * Filled in on failure; untouched on success.  Owned by the caller, usually on
 * the stack; holds no pointers, so it needs no freeing and may be copied.
 */
typedef struct {
    dsql_status status;
    int os_errno;     /**< errno of the failed call, or 0 */
    char sqlstate[6]; /**< e.g. "40001", or "" */
    char reserved[18];
    char message[DSQL_ERROR_MESSAGE_SIZE]; /**< one line, no newline, no secrets */
} dsql_error;

/** Stable, short, lower-case name of a status: "commit_unknown". */
DSQL_API const char *dsql_status_name(dsql_status status);

/* ---- Logging ----------------------------------------------------------- */

typedef enum { DSQL_LOG_ERROR, DSQL_LOG_WARN, DSQL_LOG_INFO, DSQL_LOG_DEBUG } dsql_log_level;

/** May be called from any thread that uses the object; must not call back in. */
typedef void (*dsql_log_fn)(void *arg, dsql_log_level level, const char *message);

/* ---- Credentials ------------------------------------------------------- */

/** Where credentials come from.  Counted references; thread-safe; caches. */
typedef struct dsql_credentials_provider dsql_credentials_provider;

/** Passed to a fetch callback, which fills it with dsql_credentials_set(). */
typedef struct dsql_credentials dsql_credentials;

/** Copies the strings.  expires_at is Unix seconds, 0 for never. */
DSQL_API dsql_status dsql_credentials_set(dsql_credentials *creds, const char *access_key_id,
                                          const char *secret_access_key, const char *session_token,
                                          int64_t expires_at);

/** Runs without the provider's lock held, at most one call at a time. */
typedef dsql_status (*dsql_credentials_fn)(void *arg, dsql_credentials *out, dsql_error *err);

/** The AWS default chain.  profile may be NULL (AWS_PROFILE, then "default"). */
DSQL_API dsql_credentials_provider *dsql_credentials_default(const char *profile, dsql_error *err);
DSQL_API dsql_credentials_provider *dsql_credentials_static(const char *access_key_id,
                                                            const char *secret_access_key,
                                                            const char *session_token,
                                                            dsql_error *err);
/** destroy may be NULL; called once with arg when the last reference goes. */
DSQL_API dsql_credentials_provider *dsql_credentials_custom(dsql_credentials_fn fetch,
                                                            void (*destroy)(void *arg), void *arg,
                                                            dsql_error *err);
DSQL_API dsql_credentials_provider *dsql_credentials_ref(dsql_credentials_provider *provider);
DSQL_API void dsql_credentials_unref(dsql_credentials_provider *provider);

/* ---- Options ----------------------------------------------------------- */

/**
 * Zero in any field means "the default", so a caller names only what differs.
 * Fields are only ever appended; struct_size tells the library which ones the
 * caller was compiled with.  Always build one with DSQL_OPTIONS(...).
 */
typedef struct {
    size_t struct_size;

    /**
     * postgres://, postgresql:// or dsql:// URI, or "keyword=value ..." as in libpq
     * (RFC 3986; PostgreSQL manual, "Connection Strings").  Beyond libpq's keywords:
     * region, profile, tokenDurationSecs.  Fields given below win over it.
     */
    const char *conninfo;

    const char *host;    /**< endpoint or 26-character cluster id; NULL: $PGHOST */
    const char *region;  /**< NULL: from host, then $AWS_REGION, then $AWS_DEFAULT_REGION */
    const char *user;    /**< NULL: $PGUSER, then "admin" */
    const char *dbname;  /**< NULL: "postgres", the only one there is */
    const char *port;    /**< NULL: $PGPORT, then "5432" */
    const char *profile; /**< AWS profile; ignored when credentials is set */
    /** Shown as "NAME:dsql-c/VERSION", cut to the 63 bytes that the server keeps. */
    const char *application_name;
    /** Certificates to trust.  NULL: $PGSSLROOTCERT, ~/.postgresql/root.crt, the system's. */
    const char *ca_file;
    dsql_credentials_provider *credentials; /**< NULL: dsql_credentials_default() */
    int token_seconds;                      /**< life of a token, 1..604800; default 900 */
    int connect_timeout_ms;                 /**< default 10000; -1 waits for ever */

    /** Any further libpq keyword, as to PQconnectdbParams(); ends with NULL. */
    const char *const *pq_keywords;
    const char *const *pq_values;

    /* Pool only. */
    int pool_max;           /**< default 10 */
    int pool_min_idle;      /**< kept open in the background; default 0 */
    int max_lifetime_s;     /**< default 3300: DSQL ends a connection at one hour */
    int max_idle_s;         /**< default 600 */
    int acquire_timeout_ms; /**< default 5000; -1 waits for ever */
    /** Once for each new connection, before it is lent: SET search_path, ... */
    dsql_status (*on_connect)(PGconn *conn, void *arg, dsql_error *err);
    void *on_connect_arg;

    /* Transactions only. */
    int max_attempts;  /**< tries in all; default 4; 1 turns retry off */
    int retry_base_ms; /**< default 100, doubled each time, half of it jitter */
    int retry_max_ms;  /**< default 5000, the longest wait between two tries */
    /** No new try starts after this; default 60000; -1 for no such limit. */
    int transaction_timeout_ms;

    dsql_log_fn log;
    void *log_arg;
} dsql_options;

/** DSQL_OPTIONS(.host = h, .pool_max = 10): a const dsql_options *. */
#ifndef __cplusplus
#define DSQL_OPTIONS(...)                                                                          \
    ((const dsql_options *)&(dsql_options){.struct_size = sizeof(dsql_options), __VA_ARGS__})
#endif
/** For C++, or to fill in fields one by one: dsql_options o = dsql_options_init(); */
static inline dsql_options dsql_options_init(void)
{
    dsql_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = sizeof o;
    return o;
}

/* ---- Tokens and connections -------------------------------------------- */

/**
 * The password for one connection: a SigV4-presigned URL without its scheme.  Made
 * here; only the credentials may need the network.  Free with dsql_token_free().
 * expires_at (NULL allowed) gets the Unix time at which it stops opening
 * connections: token_seconds from now, or earlier when the credentials end first.
 */
DSQL_API char *dsql_token(const dsql_options *options, int64_t *expires_at,
                          dsql_error *err) DSQL_MUST_USE;
/** Wipes, then frees. */
DSQL_API void dsql_token_free(char *token);

/**
 * What libdsql would pass to PQconnectdbParams(), token included, for those who
 * would rather call libpq (or another driver) themselves.
 */
typedef struct dsql_params dsql_params;
DSQL_API dsql_params *dsql_params_new(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;
DSQL_API const char *const *dsql_params_keywords(const dsql_params *params);
DSQL_API const char *const *dsql_params_values(const dsql_params *params);
DSQL_API void dsql_params_free(dsql_params *params);

/** Blocks until usable.  Never returns a connection that is not CONNECTION_OK. */
DSQL_API PGconn *dsql_connect(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/**
 * As PQconnectStart(): go on with PQsocket() and PQconnectPoll().  Only the
 * first fetch of credentials can block; warm the provider to avoid that.
 * Do not PQreset() later: it would replay a token that has expired.
 */
DSQL_API PGconn *dsql_connect_start(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/* ---- Results ----------------------------------------------------------- */

/** DSQL_OK if res is a success.  res may be NULL, as libpq returns when broken. */
DSQL_API dsql_status dsql_check(PGconn *conn, const PGresult *res, dsql_error *err) DSQL_MUST_USE;

/** dsql_check() and then PQclear(): for statements whose rows are not wanted. */
DSQL_API dsql_status dsql_check_clear(PGconn *conn, PGresult *res, dsql_error *err) DSQL_MUST_USE;

typedef enum { DSQL_OCC_NONE = 0, DSQL_OCC_DATA, DSQL_OCC_SCHEMA, DSQL_OCC_OTHER } dsql_occ;

/** OC000, OC001, or another serialization failure; DSQL_OCC_NONE if no conflict. */
DSQL_API dsql_occ dsql_result_occ(const PGresult *res);

/* ---- Pool -------------------------------------------------------------- */

typedef struct dsql_pool dsql_pool;

/** Opens one connection to prove the options right, then returns. */
DSQL_API dsql_pool *dsql_pool_open(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/** A connection outside any transaction, fit to use.  Waits acquire_timeout_ms. */
DSQL_API PGconn *dsql_pool_acquire(dsql_pool *pool, dsql_error *err) DSQL_MUST_USE;

/**
 * Gives a connection back in whatever state it is: an open transaction is rolled
 * back; a broken, foreign-state or over-age connection is closed and its place
 * freed.  PQfinish() instead is allowed and frees the place too.
 */
DSQL_API void dsql_pool_release(dsql_pool *pool, PGconn *conn);

typedef struct {
    int open, idle, in_use, waiting;
    uint64_t acquired, timeouts, opened, closed, occ_retries;
    uint64_t reserved[8];
} dsql_pool_stats;
DSQL_API void dsql_pool_get_stats(dsql_pool *pool, dsql_pool_stats *out);

/**
 * Stops lending, waits up to timeout_ms for lent connections, closes the idle
 * ones, frees the pool.  DSQL_ERR_TIMEOUT: some were still out; the pool stays
 * valid (and closing) so that they can be released.  Not for two threads at once.
 */
DSQL_API dsql_status dsql_pool_close(dsql_pool *pool, int timeout_ms);

/* ---- Transactions ------------------------------------------------------ */

/**
 * The body of a transaction.  BEGIN and COMMIT are not its business.  It may run
 * several times: do only database work, and set outputs rather than add to them.
 */
typedef dsql_status (*dsql_txn_fn)(PGconn *conn, void *arg, dsql_error *err);

/**
 * BEGIN, fn, COMMIT; on a conflict in any of the three, ROLLBACK, wait, again.
 * The library sees conflicts itself (it listens to libpq's result events), so a
 * body that hides one is still retried, and one that hides another failure gets
 * DSQL_ERR_QUERY rather than a COMMIT that quietly rolled back.
 * Anything else is rolled back and returned at once.  A connection lost during
 * COMMIT is never retried: DSQL_ERR_COMMIT_UNKNOWN.  Each try may get another
 * connection.
 */
DSQL_API dsql_status dsql_transaction(dsql_pool *pool, dsql_txn_fn fn, void *arg,
                                      dsql_error *err) DSQL_MUST_USE;

/** The same on a connection of the caller's; options gives the retry limits. */
DSQL_API dsql_status dsql_conn_transaction(PGconn *conn, const dsql_options *options,
                                           dsql_txn_fn fn, void *arg,
                                           dsql_error *err) DSQL_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif /* DSQL_H */
