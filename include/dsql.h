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
    DSQL_ERR_CREDENTIALS = 3,     /**< no source had credentials, or one that is set up failed */
    DSQL_ERR_TOKEN = 4,           /**< signing failed, or the endpoint has no region */
    DSQL_ERR_CONNECT = 5,         /**< network, TLS or authentication; a connection was lost */
    DSQL_ERR_TIMEOUT = 6,         /**< a wait that the caller or the options limit ran out */
    DSQL_ERR_CLOSED = 7,          /**< the pool is closing */
    DSQL_ERR_QUERY = 8,           /**< the server rejected a statement; see sqlstate */
    DSQL_ERR_OCC = 9,             /**< a conflict; of a transaction: still after the last try */
    DSQL_ERR_COMMIT_UNKNOWN = 10, /**< connection lost during COMMIT: may have happened */
    DSQL_ERR_CALLBACK = 11,       /**< returned by a callback to stop, nothing else */
    DSQL_ERR_SYSTEM = 12 /**< the operating system or another program failed; see os_errno */
} dsql_status;

#define DSQL_ERROR_MESSAGE_SIZE 480

/**
 * Filled in on failure; untouched on success (but see DSQL_TRANSACTION).  Owned by the
 * caller, usually on the stack; holds no pointers, so it needs no freeing and may be copied.
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

/**
 * May be called from any thread that uses the object, and from a pool's own; must not call
 * back in.  message is one line without secrets, and valid during the call only.
 */
typedef void (*dsql_log_fn)(void *arg, dsql_log_level level, const char *message);

/* ---- Credentials ------------------------------------------------------- */

/** Where credentials come from.  Counted references; thread-safe; caches. */
typedef struct dsql_credentials_provider dsql_credentials_provider;

/** Passed to a fetch callback, which fills it with dsql_credentials_set(). */
typedef struct dsql_credentials dsql_credentials;

/** Copies the strings; session_token may be NULL.  expires_at is Unix seconds, 0 for never. */
DSQL_API dsql_status dsql_credentials_set(dsql_credentials *creds, const char *access_key_id,
                                          const char *secret_access_key, const char *session_token,
                                          int64_t expires_at);

/**
 * Fills out with dsql_credentials_set(), or says why not in err.  Runs without any lock
 * held, at most one call at a time, on the thread that needs the credentials.
 */
typedef dsql_status (*dsql_credentials_fn)(void *arg, dsql_credentials *out, dsql_error *err);

/**
 * The AWS default chain: environment, profile, web identity, container, instance
 * metadata; the first that is configured wins, and one that is configured and fails
 * stops the search.  profile may be NULL (AWS_PROFILE, then "default"); a profile named
 * here also skips keys in the environment.  Asks nobody before the first fetch.  One that
 * several pools and connections are given fetches once for all of them.
 */
DSQL_API dsql_credentials_provider *dsql_credentials_default(const char *profile, dsql_error *err);
DSQL_API dsql_credentials_provider *dsql_credentials_static(const char *access_key_id,
                                                            const char *secret_access_key,
                                                            const char *session_token,
                                                            dsql_error *err);
/** destroy may be NULL; called once with arg when the last reference goes (not on failure). */
DSQL_API dsql_credentials_provider *dsql_credentials_custom(dsql_credentials_fn fetch,
                                                            void (*destroy)(void *arg), void *arg,
                                                            dsql_error *err);
DSQL_API dsql_credentials_provider *dsql_credentials_ref(dsql_credentials_provider *provider);
DSQL_API void dsql_credentials_unref(dsql_credentials_provider *provider);

/**
 * A copy of what the provider has now, fetched or refreshed first where that is due (this
 * may block on the network).  For signing requests to other AWS services, and for warming
 * a provider before it is needed.  Wiped and freed with dsql_credentials_free().
 */
DSQL_API dsql_credentials *dsql_credentials_fetch(dsql_credentials_provider *provider,
                                                  dsql_error *err) DSQL_MUST_USE;
/** These live as long as the credentials; "" where there is none (a session token). */
DSQL_API const char *dsql_credentials_access_key_id(const dsql_credentials *creds);
DSQL_API const char *dsql_credentials_secret_access_key(const dsql_credentials *creds);
DSQL_API const char *dsql_credentials_session_token(const dsql_credentials *creds);
/** Unix seconds; 0: never. */
DSQL_API int64_t dsql_credentials_expires_at(const dsql_credentials *creds);
DSQL_API void dsql_credentials_free(dsql_credentials *creds);

typedef enum {
    DSQL_SOURCE_GOT = 0,            /**< has credentials: this one wins */
    DSQL_SOURCE_NOT_CONFIGURED = 1, /**< nothing set up there */
    DSQL_SOURCE_FAILED = 2,         /**< set up, and does not work: the search ends */
    DSQL_SOURCE_NOT_ASKED = 3       /**< comes after the end of the search, or is skipped */
} dsql_source_verdict;

/** source: "environment", "profile", ...; detail: one line, no secrets.  Both only for the call. */
typedef void (*dsql_credentials_explain_fn)(void *arg, const char *source,
                                            dsql_source_verdict verdict, const char *detail);

/**
 * Walks the default chain anew and reports each source in its order: which one wins, and
 * why the others do not.  Returns what was found, for dsql_credentials_free(), or NULL.  fn may be
 * NULL.
 */
DSQL_API dsql_credentials *dsql_credentials_explain(const char *profile,
                                                    dsql_credentials_explain_fn fn, void *arg,
                                                    dsql_error *err) DSQL_MUST_USE;

/* ---- Endpoints --------------------------------------------------------- */

typedef struct {
    char host[254];  /**< lower case; a cluster id is completed to its endpoint */
    char region[64]; /**< from the argument, the host, or the environment; "" when unknown */
    char reserved[66];
} dsql_endpoint;

/**
 * What a connect would make of host (an endpoint or a 26-character cluster id) and region
 * (NULL: look for it).  Touches neither network nor files, so it does not look where a
 * connect looks last, in the profile and at the instance.  A cluster id without a region is
 * DSQL_ERR_TOKEN; a name that is no endpoint may have region "".
 */
DSQL_API dsql_status dsql_endpoint_resolve(const char *host, const char *region, dsql_endpoint *out,
                                           dsql_error *err);

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
     * region, profile, tokenDurationSecs, occMaxRetries (one less than max_attempts), and
     * ormPrefix for application_name.  Fields given below win over it, and it wins over the
     * environment.
     */
    const char *conninfo;

    /**
     * Endpoint or 26-character cluster id; NULL: $PGHOST.  Also the DNS name of an interface
     * endpoint (vpce-...vpce.amazonaws.com) together with the libpq keyword
     * options='-c amzn-cluster-id=ID', as AWS documents it for PrivateLink without private
     * DNS: the server's name is then still verified, see dsql_options(3).
     */
    const char *host;
    /** NULL: from host, $AWS_REGION, $AWS_DEFAULT_REGION, the profile, the instance. */
    const char *region;
    const char *user;    /**< NULL: $PGUSER, then "admin" */
    const char *dbname;  /**< NULL: "postgres", the only one there is */
    const char *port;    /**< NULL: $PGPORT, then "5432" */
    const char *profile; /**< AWS profile; ignored when credentials is set */
    /** Shown as "NAME:dsql-c/VERSION" in the 63 bytes that the server keeps.  NULL: $PGAPPNAME. */
    const char *application_name;
    /** Certificates to trust.  NULL: $PGSSLROOTCERT, ~/.postgresql/root.crt, the system's. */
    const char *ca_file;
    /** A reference is kept.  NULL: a dsql_credentials_default() for each call, or each pool. */
    dsql_credentials_provider *credentials;
    int token_seconds;      /**< life of a token, 1..604800; default 900 */
    int connect_timeout_ms; /**< for all tries together; default 10000; -1 waits for ever */

    /** Any further libpq keyword, as to PQconnectdbParams(); ends with NULL. */
    const char *const *pq_keywords;
    const char *const *pq_values;

    /* Pool only. */
    int pool_max;           /**< default 10 */
    int pool_min_idle;      /**< kept open in the background; default 0 */
    int max_lifetime_s;     /**< default 3300, at most 3600: DSQL ends a connection then */
    int max_idle_s;         /**< default 600 */
    int acquire_timeout_ms; /**< waiting and connecting; default 5000; -1 waits for ever */
    /** Idle for longer than this, a connection is asked (one round trip) before it is lent. */
    int validate_idle_s; /**< default 30; -1 never asks */
    /**
     * Not 0: RESET ALL when a connection comes back, so that a SET does not stay with it (nor
     * one that on_connect did: do it in on_acquire then).
     */
    int reset_on_release;
    /**
     * Hooks, called without any lock held, on the thread that lends, gives back or maintains;
     * a transaction that one leaves open is rolled back.  They must not PQfinish().
     * on_connect: once for each new connection, before it is lent: SET search_path, ...
     * on_acquire: each time it is lent.  Anything but DSQL_OK closes the connection; from
     * on_connect it fails the acquire, from on_acquire a new connection is tried once.
     * on_release: each time it comes back fit to be lent again.
     * on_close: before it is closed, whatever the reason (it may be broken); when the caller
     * calls PQfinish(), from within that.
     */
    dsql_status (*on_connect)(PGconn *conn, void *arg, dsql_error *err);
    void *on_connect_arg;
    dsql_status (*on_acquire)(PGconn *conn, void *arg, dsql_error *err);
    void *on_acquire_arg;
    void (*on_release)(PGconn *conn, void *arg);
    void *on_release_arg;
    void (*on_close)(PGconn *conn, void *arg);
    void *on_close_arg;

    /* Transactions only: the defaults of dsql_transaction_options. */
    int max_attempts;  /**< tries in all; default 8; 1 turns retry off */
    int retry_base_ms; /**< default 25, doubled each time, half of it jitter */
    int retry_max_ms;  /**< default 1000, the longest wait between two tries */
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
/** The same around a token that was made before; asks nobody for credentials. */
DSQL_API dsql_params *dsql_params_new_with_token(const dsql_options *options, const char *token,
                                                 dsql_error *err) DSQL_MUST_USE;
DSQL_API const char *const *dsql_params_keywords(const dsql_params *params);
DSQL_API const char *const *dsql_params_values(const dsql_params *params);
DSQL_API void dsql_params_free(dsql_params *params);

/**
 * Blocks until usable.  Never returns a connection that is not CONNECTION_OK.  Within
 * connect_timeout_ms it waits for a cluster that starts, wakes up or has too many connections,
 * and tries an expired signature once more with fresh credentials.
 */
DSQL_API PGconn *dsql_connect(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/**
 * As PQconnectStart(): go on with PQsocket() and PQconnectPoll().  One try, and no
 * deadline: both are the caller's.  What can block before it returns is libpq's lookup of
 * the host, and a fetch of credentials: give a provider in the options, and let another
 * thread warm it with dsql_credentials_fetch(), to avoid that.
 * Do not PQreset() later: it would replay a token that has expired.
 */
DSQL_API PGconn *dsql_connect_start(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/* ---- Results ----------------------------------------------------------- */

/**
 * DSQL_OK if res is a success; else DSQL_ERR_QUERY, DSQL_ERR_OCC for a conflict, or
 * DSQL_ERR_CONNECT.  res may be NULL, as libpq returns when broken.
 */
DSQL_API dsql_status dsql_check(PGconn *conn, const PGresult *res, dsql_error *err) DSQL_MUST_USE;

/** dsql_check() and then PQclear(): for statements whose rows are not wanted. */
DSQL_API dsql_status dsql_check_clear(PGconn *conn, PGresult *res, dsql_error *err) DSQL_MUST_USE;

typedef enum { DSQL_OCC_NONE = 0, DSQL_OCC_DATA, DSQL_OCC_SCHEMA, DSQL_OCC_OTHER } dsql_occ;

/** OC000, OC001, or another serialization failure; DSQL_OCC_NONE if no conflict. */
DSQL_API dsql_occ dsql_result_occ(const PGresult *res);

/** The same from the two fields of an error, for bindings; either may be NULL. */
DSQL_API dsql_occ dsql_occ_classify(const char *sqlstate, const char *message);

/* ---- Pool -------------------------------------------------------------- */

/**
 * After fork() both sides may go on with the pool: the child opens connections of its own,
 * and what it does to those it inherited (release, PQfinish(), a query, which fails) is not
 * felt in the parent.
 */
typedef struct dsql_pool dsql_pool;

/** Opens one connection to prove the options right, then returns. */
DSQL_API dsql_pool *dsql_pool_open(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/** A connection outside any transaction, fit to use; NULL after acquire_timeout_ms. */
DSQL_API PGconn *dsql_pool_acquire(dsql_pool *pool, dsql_error *err) DSQL_MUST_USE;

/**
 * Gives a connection back in whatever state it is: an open transaction is rolled
 * back; a broken, foreign-state or over-age connection is closed and its place
 * freed.  PQfinish() instead is allowed and frees the place too.  Takes five seconds at
 * most, however dead the network is.
 */
DSQL_API void dsql_pool_release(dsql_pool *pool, PGconn *conn);

typedef struct {
    int open, idle, in_use, waiting; /**< connections, and callers that wait: now */
    /** Since dsql_pool_open(); timeouts: acquires that got none in time. */
    uint64_t acquired, timeouts, opened, closed, occ_retries;
    uint64_t reserved[8];
} dsql_pool_stats;
DSQL_API void dsql_pool_get_stats(dsql_pool *pool, dsql_pool_stats *out);

/**
 * Stops lending, waits up to timeout_ms (-1: for ever) for lent connections, closes the
 * idle ones, frees the pool.  DSQL_ERR_TIMEOUT: some were still out; the pool stays
 * valid (and closing) so that they can be released.  Not for two threads at once.
 */
DSQL_API dsql_status dsql_pool_close(dsql_pool *pool, int timeout_ms);

/* ---- Transactions ------------------------------------------------------ */

/** What on_retry hears, after a try has failed and before the wait for the next. */
typedef struct {
    int attempt;   /**< the try that failed, from 1 */
    dsql_occ kind; /**< DSQL_OCC_NONE: not a conflict, the connection was lost */
    int wait_ms;   /**< until the next try; 0 for the first OC001, which a retry clears */
    const dsql_error *reason; /**< only for the call */
} dsql_retry;

/** For one call.  Zero in any field: what the pool's options say. */
typedef struct {
    size_t struct_size;
    int max_attempts;
    int retry_base_ms;
    int retry_max_ms;
    int timeout_ms; /**< no new try starts after this, and no wait for one goes beyond it */
    int read_only;  /**< not 0: BEGIN READ ONLY */
    /** Called without any lock; must not use the connection, which was given back. */
    void (*on_retry)(void *arg, const dsql_retry *retry);
    void *on_retry_arg;
} dsql_transaction_options;

/** DSQL_TRANSACTION_OPTIONS(.read_only = 1): a const dsql_transaction_options *. */
#ifndef __cplusplus
#define DSQL_TRANSACTION_OPTIONS(...)                                                              \
    ((const dsql_transaction_options *)&(dsql_transaction_options){                                \
        .struct_size = sizeof(dsql_transaction_options), __VA_ARGS__})
#endif
static inline dsql_transaction_options dsql_transaction_options_init(void)
{
    dsql_transaction_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = sizeof o;
    return o;
}

/**
 * The body of a transaction.  It may run several times: do only database work, and set
 * outputs rather than add to them.  BEGIN and COMMIT are not its business: one that has
 * committed a part is not run again (DSQL_ERR_USAGE when the rest fails), but a COMMIT of
 * its own that gets no answer looks like any connection lost before the end.
 * A C++ exception out of it rolls back, gives the connection back, and goes on to
 * the caller; a longjmp() leaks the connection, and the pool can never be closed.
 */
typedef dsql_status (*dsql_txn_fn)(PGconn *conn, void *arg, dsql_error *err);

/**
 * BEGIN, fn, COMMIT; on a conflict in any of the three, ROLLBACK, wait, again (at once
 * the first time that it is OC001, which the retry itself clears).
 * The library sees conflicts itself (it listens to libpq's result events), so a
 * body that hides one is still retried, and one that hides another failure gets
 * DSQL_ERR_QUERY rather than a COMMIT that quietly rolled back.
 * Anything else is rolled back and returned at once.  A connection lost during
 * COMMIT is never retried: DSQL_ERR_COMMIT_UNKNOWN.  Each try may get another
 * connection.  A transaction inside a body needs a second connection of the pool,
 * and is one of its own: it stays committed when the outer one runs again.
 */
DSQL_API dsql_status dsql_transaction(dsql_pool *pool, dsql_txn_fn fn, void *arg,
                                      dsql_error *err) DSQL_MUST_USE;

/** The same with options of its own; NULL: the pool's. */
DSQL_API dsql_status dsql_transaction_with(dsql_pool *pool, const dsql_transaction_options *options,
                                           dsql_txn_fn fn, void *arg,
                                           dsql_error *err) DSQL_MUST_USE;

/**
 * The same on a connection of the caller's, whoever opened it; options (NULL allowed) gives
 * the retry limits and the log.  When that connection is lost it is not tried again:
 * DSQL_ERR_CONNECT.  Inside another transaction on it: DSQL_ERR_USAGE.
 */
DSQL_API dsql_status dsql_conn_transaction(PGconn *conn, const dsql_options *options,
                                           dsql_txn_fn fn, void *arg,
                                           dsql_error *err) DSQL_MUST_USE;

/**
 * The same engine as a loop, for C: each turn is one try, on a connection after BEGIN.
 *
 *     PGconn *conn;
 *     dsql_error err;
 *     DSQL_TRANSACTION(pool, conn, &err) {
 *         PQclear(PQexec(conn, "UPDATE ..."));
 *     }
 *     if (err.status != DSQL_OK) ...
 *
 * The end of the body commits; a conflict goes round again.  The body need not look at
 * its results for safety: once the server has refused a statement, nothing is committed.
 * If it does look, "if (dsql_check_clear(conn, res, &err) != DSQL_OK) continue;" is the
 * way to leave early: continue is the end of the body, a conflict still goes round again,
 * and any other failure that stands in err rolls back and ends the loop.
 * break, return or goto out of the body give up: they roll back, give the connection
 * back, and nothing is tried again.  (Inside a switch or an inner loop, break and
 * continue are theirs, as always in C.)
 *
 * err (not NULL here) is DSQL_OK at the start of each turn, and has the outcome when the
 * loop is over: DSQL_OK only if committed; after a break, what the body left in it, else
 * DSQL_ERR_CALLBACK.  C++ may use it too: an exception out of the body rolls back.
 * longjmp() out of it leaks the connection, and the pool can never be closed.
 */
#if defined(__GNUC__)
#define DSQL_TRANSACTION(pool, conn, err) DSQL_TRANSACTION_WITH(pool, NULL, conn, err)
#define DSQL_TRANSACTION_WITH(pool, options, conn, err)                                            \
    for (dsql_transaction_loop * DSQL_UNIQUE(dsql_loop_)                                           \
                                     __attribute__((cleanup(dsql_transaction_loop_cleanup))) =     \
             dsql_transaction_loop_new(pool, options, err);                                        \
         dsql_transaction_loop_running(DSQL_UNIQUE(dsql_loop_));                                   \
         dsql_transaction_loop_end(DSQL_UNIQUE(dsql_loop_)))                                       \
        while (((conn) = dsql_transaction_loop_next(DSQL_UNIQUE(dsql_loop_))) != NULL)
#define DSQL_UNIQUE(name)       DSQL_UNIQUE_2(name, __LINE__)
#define DSQL_UNIQUE_2(name, id) DSQL_UNIQUE_3(name, id)
#define DSQL_UNIQUE_3(name, id) name##id
#endif

/** What the loop is made of, for other compilers and for bindings. */
typedef struct dsql_transaction_loop dsql_transaction_loop;
/** err (NULL allowed here) must stay valid until dsql_transaction_loop_free().  NULL on failure. */
DSQL_API dsql_transaction_loop *dsql_transaction_loop_new(dsql_pool *pool,
                                                          const dsql_transaction_options *options,
                                                          dsql_error *err);
/** Not over: neither committed, nor failed, nor ended.  NULL: 0. */
DSQL_API int dsql_transaction_loop_running(const dsql_transaction_loop *loop);
/**
 * First: a connection after BEGIN.  Later: commits what was done, and NULL when that
 * worked or failed for good, or the connection for the next try after a conflict.
 */
DSQL_API PGconn *dsql_transaction_loop_next(dsql_transaction_loop *loop);
/** Rolls back if a try is under way; the outcome, as in err.  NULL: DSQL_ERR_USAGE. */
DSQL_API dsql_status dsql_transaction_loop_end(dsql_transaction_loop *loop);
/** Ends, if that was not done, and frees. */
DSQL_API void dsql_transaction_loop_free(dsql_transaction_loop *loop);
static inline void dsql_transaction_loop_cleanup(dsql_transaction_loop **loop)
{
    dsql_transaction_loop_free(*loop);
}

/* ---- Statements, batches, jobs ----------------------------------------- */

/**
 * One statement in a transaction of its own (DDL or DML; text parameters, a NULL one is
 * SQL NULL), on a connection of the pool, tried again on a conflict as a transaction is.
 * The result, with text columns, is the caller's to PQclear(); NULL on failure.  A
 * connection lost after the statement was sent: DSQL_ERR_COMMIT_UNKNOWN, not retried;
 * lost before, another one is taken.  Several statements in one string are refused by
 * the server; COPY and BEGIN, which need a connection for longer, are DSQL_ERR_USAGE.
 */
DSQL_API PGresult *dsql_exec(dsql_pool *pool, const char *sql, int param_count,
                             const char *const *params, dsql_error *err) DSQL_MUST_USE;
DSQL_API PGresult *dsql_exec_with(dsql_pool *pool, const dsql_transaction_options *options,
                                  const char *sql, int param_count, const char *const *params,
                                  dsql_error *err) DSQL_MUST_USE;

/**
 * Many rows through one statement, in transactions that stay within Aurora DSQL's limits
 * (3,000 modified rows, 10 MiB): rows are collected, and each full batch is one
 * transaction, retried on conflicts.  For one thread at a time.
 */
typedef struct dsql_batch dsql_batch;

typedef struct {
    size_t struct_size;
    /** Rows in a transaction; default 3000.  Less where one row modifies several (a cascade). */
    int max_rows;
    /** Bytes of parameters in a transaction; default 4 MiB, at most 10 MiB. */
    size_t max_bytes;
    const dsql_transaction_options *transaction; /**< NULL: the pool's; copied */
} dsql_batch_options;

/** DSQL_BATCH_OPTIONS(.max_rows = 500): a const dsql_batch_options *. */
#ifndef __cplusplus
#define DSQL_BATCH_OPTIONS(...)                                                                    \
    ((const dsql_batch_options *)&(dsql_batch_options){.struct_size = sizeof(dsql_batch_options),  \
                                                       __VA_ARGS__})
#endif
static inline dsql_batch_options dsql_batch_options_init(void)
{
    dsql_batch_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = sizeof o;
    return o;
}

/** sql: one statement with $1 ... $param_count, run once for each row.  options may be NULL. */
DSQL_API dsql_batch *dsql_batch_new(dsql_pool *pool, const char *sql, int param_count,
                                    const dsql_batch_options *options,
                                    dsql_error *err) DSQL_MUST_USE;
/**
 * Copies param_count texts (NULL: SQL NULL); when the batch is full it is sent first.  On
 * failure this row was not taken, and those before it are kept: dsql_batch_flush() tries
 * them again.  A row the server refuses is named, counted from 1: "row 1234: ...".
 */
DSQL_API dsql_status dsql_batch_add(dsql_batch *batch, const char *const *values,
                                    dsql_error *err) DSQL_MUST_USE;
/** Sends what is left.  After a failure: the same rows again. */
DSQL_API dsql_status dsql_batch_flush(dsql_batch *batch, dsql_error *err) DSQL_MUST_USE;
/**
 * Rows known to be committed, from the first one on: where to go on after a failure.
 * After DSQL_ERR_COMMIT_UNKNOWN the rows still collected may be committed too.
 */
DSQL_API uint64_t dsql_batch_committed(const dsql_batch *batch);
/** Rows collected and not committed; dropped by dsql_batch_free(). */
DSQL_API uint64_t dsql_batch_pending(const dsql_batch *batch);
DSQL_API void dsql_batch_free(dsql_batch *batch);

/** Fills values for the next row and returns 1; 0: no more; -1: failed, see *err. */
typedef int (*dsql_row_fn)(void *arg, const char **values, dsql_error *err);
/** Adds all rows of a source, and flushes.  The values need to live until the next call only. */
DSQL_API dsql_status dsql_batch_add_all(dsql_batch *batch, dsql_row_fn next, void *arg,
                                        dsql_error *err) DSQL_MUST_USE;

/**
 * Waits for an asynchronous job, as CREATE INDEX ASYNC returns one, by looking at sys.jobs.
 * DSQL_OK: completed.  DSQL_ERR_QUERY: failed, or unknown (finished jobs vanish after
 * about half an hour).  DSQL_ERR_TIMEOUT: not yet; timeout_ms -1 waits for ever.
 */
DSQL_API dsql_status dsql_job_wait(dsql_pool *pool, const char *job_id, int timeout_ms,
                                   dsql_error *err) DSQL_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif /* DSQL_H */
