/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/**
 * @file dsql.h
 * Connect to Amazon Aurora DSQL with libpq: IAM tokens, verified TLS, a connection pool, and
 * transactions that are retried after conflicts.
 *
 * The library does not wrap connections.  It returns an ordinary PGconn: every PQ function works
 * on it, and PQfinish() may always be called on it.
 *
 * Conventions that hold for every function:
 *  - A function that creates something returns it, or NULL on failure.
 *  - A function that does something returns a dsql_status.  DSQL_OK is 0.
 *  - The last parameter is a dsql_error that the caller owns.  It may be NULL.
 *  - Strings passed in are copied.  A returned string says how long it lives or who frees it.
 *  - Passing NULL to a close or free function does nothing.
 *  - A function that may wait says so after "Longest wait:".  All others do not wait.  The caller's
 *    own callbacks and hooks take the time that they take, everywhere.
 *  - Times are in milliseconds (_ms) or seconds (_s, _seconds).  Where -1 means "no limit", the
 *    declaration says so.
 *  - The library never calls exit(), prints, installs a signal handler or changes the environment,
 *    and a call leaves nothing behind in its thread.  libpq prints NOTICEs of the server to
 *    standard error; PQsetNoticeProcessor() changes that.
 *
 * Threads: a dsql_pool and a dsql_credentials_provider may be used by several threads at the same
 * time.  Every other object, like a PGconn, may be used by one thread at a time.
 *
 * pthread_cancel() of a thread inside the library, in one of its callbacks, or in the body of a
 * transaction takes effect after the function or loop; an operation is never left half done.  A
 * thread that is cancelled in libpq leaves the connection in an unknown state: PQfinish() it and
 * do not release it.  Callbacks must return: no longjmp(), no pthread_exit(), no C++ exception.
 * Only the body of a transaction may be left by the latter two; see there.
 *
 * The process may exit() while threads are inside the library and pools are open; a static
 * destructor may close them.  Only a program that initialises OpenSSL by itself must end its
 * threads and close its pools first, or pass OPENSSL_INIT_NO_ATEXIT.  The library stays loaded
 * after dlclose().
 *
 * Each declaration has a manual page with an example: dsql(7) is the overview.
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

/* The version of this header.  The build reads it here. */
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

/** The version of the library that was loaded, to compare with DSQL_VERSION_NUM. */
DSQL_API int dsql_version(void);

/* ---- Errors ------------------------------------------------------------ */

/** Values are never renumbered.  A minor release may add new ones. */
typedef enum {
    DSQL_OK = 0,
    DSQL_ERR_USAGE = 1,           /**< the caller's mistake: an invalid option or argument */
    DSQL_ERR_NOMEM = 2,           /**< out of memory */
    DSQL_ERR_CREDENTIALS = 3,     /**< no source has AWS credentials, or a configured one failed */
    DSQL_ERR_TOKEN = 4,           /**< the token could not be signed, or the region is unknown */
    DSQL_ERR_CONNECT = 5,         /**< network, TLS or authentication; or a connection was lost */
    DSQL_ERR_TIMEOUT = 6,         /**< a time limit of the options or arguments was reached */
    DSQL_ERR_CLOSED = 7,          /**< the pool is closing */
    DSQL_ERR_QUERY = 8,           /**< the server rejected a statement; see sqlstate */
    DSQL_ERR_OCC = 9,             /**< a conflict; after retries: the last attempt had one too */
    DSQL_ERR_COMMIT_UNKNOWN = 10, /**< connection lost during COMMIT: it may have happened */
    DSQL_ERR_CALLBACK = 11,       /**< a callback returned it to stop; the library does not */
    DSQL_ERR_SYSTEM = 12 /**< the operating system or another program failed; see os_errno */
} dsql_status;

#define DSQL_ERROR_MESSAGE_SIZE 480
#define DSQL_ERROR_TEXT_SIZE    256
#define DSQL_ERROR_NAME_SIZE    64 /* a name has at most 63 bytes */

/**
 * Why a call failed.  The caller owns it, usually on the stack.  A function fills it in when it
 * fails and leaves it alone when it succeeds; only DSQL_TRANSACTION also resets it.  It holds no
 * pointers: it may be copied and is never freed.
 *
 * dsql_error err = {0}; is valid in C and in C++; = {} is usual in C++.
 */
typedef struct {
    int os_errno;       /**< errno of the system call that failed, or 0 */
    dsql_status status; /**< what the program can do about it */
    char sqlstate[6];   /**< what the server answered, for example "40001"; or "" */
    /**
     * Not 0: no connection could be opened, for a reason that may pass by itself.  The server
     * starts or wakes up, has too many connections, or cannot be reached.
     */
    char is_transient;
    /** Where in the statement, in characters from 1; 0 if the server does not say. */
    int statement_position;
    char message[DSQL_ERROR_MESSAGE_SIZE]; /**< one line for people, without secrets */

    /*
     * What else the server said about the statement that it rejected, for programs: of the first
     * error, also if the body of a transaction ignored it.  "" if the server does not say.  Longer
     * texts are cut.  detail may contain values of rows, so except for a conflict it is not in
     * message.
     */
    char detail[DSQL_ERROR_TEXT_SIZE];
    char hint[DSQL_ERROR_TEXT_SIZE];
    char schema_name[DSQL_ERROR_NAME_SIZE];
    char table_name[DSQL_ERROR_NAME_SIZE];
    char column_name[DSQL_ERROR_NAME_SIZE];
    char datatype_name[DSQL_ERROR_NAME_SIZE];
    char constraint_name[DSQL_ERROR_NAME_SIZE];
    char reserved[204]; /**< for later versions */
} dsql_error;

/** The name of a status, for example "commit_unknown".  Constant, and the same in all versions. */
DSQL_API const char *dsql_status_name(dsql_status status);

/**
 * The code of the error's entry in docs/guide/troubleshooting.md, for example "DSQL-302", or "" if
 * it has none: errors of the server about a statement usually have none.  It depends on message and
 * sqlstate only.  `dsql explain CODE` prints the entry.  Constant, and the same in all versions.
 */
DSQL_API const char *dsql_error_code(const dsql_error *err);

/* ---- Logging ----------------------------------------------------------- */

typedef enum { DSQL_LOG_ERROR, DSQL_LOG_WARN, DSQL_LOG_INFO, DSQL_LOG_DEBUG } dsql_log_level;

/**
 * Receives a message of the library: one line without secrets, valid during the call.  It may be
 * called on any thread that uses the object and on a pool's own thread, at the same time.  It
 * must not call the library.
 */
typedef void (*dsql_log_fn)(void *arg, dsql_log_level level, const char *message);

/* ---- Credentials ------------------------------------------------------- */

/**
 * A source of AWS credentials.  It caches them and renews them before they expire, once for all
 * connections and pools that share it.  Thread-safe and reference-counted.
 */
typedef struct dsql_credentials_provider dsql_credentials_provider;

/** One set of AWS credentials.  A fetch callback fills it with dsql_credentials_set(). */
typedef struct dsql_credentials dsql_credentials;

/**
 * Fills creds with copies of the strings.  session_token may be NULL.  expires_at is in Unix
 * seconds; 0 means that the credentials do not expire.  DSQL_ERR_USAGE, DSQL_ERR_NOMEM.
 */
DSQL_API dsql_status dsql_credentials_set(dsql_credentials *creds, const char *access_key_id,
                                          const char *secret_access_key, const char *session_token,
                                          int64_t expires_at);

/**
 * Fetches credentials: passes them to dsql_credentials_set() and returns DSQL_OK, or fills in err
 * and returns its status.  It is called on the thread that needs the credentials, without a lock
 * held, and not again before it has returned.
 */
typedef dsql_status (*dsql_credentials_fn)(void *arg, dsql_credentials *out, dsql_error *err);

/**
 * The default chain of the AWS SDKs: environment, profile, web identity, container, instance
 * metadata.  The first source that is configured is used.  If it fails, the search ends with its
 * error, because a later source would be another identity.
 *
 * profile: NULL stands for $AWS_PROFILE, then "default".  If a profile is named here, keys in the
 * environment are ignored.  Nothing is read or contacted before the first fetch.
 */
DSQL_API dsql_credentials_provider *dsql_credentials_default(const char *profile, dsql_error *err);

/** Fixed keys.  session_token is NULL for long-term keys. */
DSQL_API dsql_credentials_provider *dsql_credentials_static(const char *access_key_id,
                                                            const char *secret_access_key,
                                                            const char *session_token,
                                                            dsql_error *err);

/**
 * Credentials from a callback.  destroy, unless NULL, is called once with arg when the last
 * reference is released.  It is not called if this function fails.
 */
DSQL_API dsql_credentials_provider *dsql_credentials_custom(dsql_credentials_fn fetch,
                                                            void (*destroy)(void *arg), void *arg,
                                                            dsql_error *err);

/** Adds a reference.  Options that are given a provider add one of their own. */
DSQL_API dsql_credentials_provider *dsql_credentials_ref(dsql_credentials_provider *provider);
/** Releases a reference. */
DSQL_API void dsql_credentials_unref(dsql_credentials_provider *provider);

/**
 * Returns a copy of the provider's credentials, after fetching or renewing them if that is due.
 * Useful to sign requests to other AWS services, and to fetch before the first connection needs
 * them.  Free the copy with dsql_credentials_free().  DSQL_ERR_CREDENTIALS, DSQL_ERR_NOMEM, or what
 * a callback returned.
 *
 * Longest wait: that of the source, see dsql_credentials(3): 60 s for a credential_process, and a
 * minute or so for an AWS service that does not answer; a callback has no limit.
 */
DSQL_API dsql_credentials *dsql_credentials_fetch(dsql_credentials_provider *provider,
                                                  dsql_error *err) DSQL_MUST_USE;

/* The strings live as long as the credentials. */
DSQL_API const char *dsql_credentials_access_key_id(const dsql_credentials *creds);
DSQL_API const char *dsql_credentials_secret_access_key(const dsql_credentials *creds);
/** "" if there is none. */
DSQL_API const char *dsql_credentials_session_token(const dsql_credentials *creds);
/** In Unix seconds; 0 if the credentials do not expire. */
DSQL_API int64_t dsql_credentials_expires_at(const dsql_credentials *creds);
/** Overwrites the secrets, then frees. */
DSQL_API void dsql_credentials_free(dsql_credentials *creds);

/** What dsql_credentials_explain() found at one source. */
typedef enum {
    DSQL_SOURCE_FOUND = 0,          /**< it has credentials and is used */
    DSQL_SOURCE_NOT_CONFIGURED = 1, /**< it is not configured; the next source is asked */
    DSQL_SOURCE_FAILED = 2,         /**< it is configured but failed; the search ends */
    DSQL_SOURCE_NOT_ASKED = 3       /**< the search had ended, or a named profile skips it */
} dsql_source_verdict;

/**
 * Receives the result of one source, for example "environment" or "profile".  detail is one line
 * without secrets.  Both strings are valid during the call.
 */
typedef void (*dsql_credentials_explain_fn)(void *arg, const char *source,
                                            dsql_source_verdict verdict, const char *detail);

/**
 * Searches the default chain without a cache and reports every source, in order, to fn, which
 * may be NULL.  Returns the credentials found, to be freed with dsql_credentials_free(), or NULL.
 * profile and errors are as for dsql_credentials_default() and dsql_credentials_fetch().
 *
 * Longest wait: as dsql_credentials_fetch().
 */
DSQL_API dsql_credentials *dsql_credentials_explain(const char *profile,
                                                    dsql_credentials_explain_fn fn, void *arg,
                                                    dsql_error *err) DSQL_MUST_USE;

/* ---- Endpoints --------------------------------------------------------- */

/** An endpoint and its region.  The caller owns it. */
typedef struct {
    char host[254];    /**< in lower case; for a cluster id, the endpoint of the cluster */
    char region[64];   /**< from the argument, the host or the environment; "" if unknown */
    char reserved[66]; /**< for later versions */
} dsql_endpoint;

/**
 * Resolves a host as dsql_connect() does.  host is an endpoint, another DNS name, or a cluster id
 * of 26 characters.  region may be NULL: it is then taken from host, $AWS_REGION or
 * $AWS_DEFAULT_REGION.  Uses neither the network nor files; dsql_connect() also looks for a
 * region in the AWS profile and in the instance metadata.
 *
 * DSQL_ERR_USAGE: host or region is invalid.  DSQL_ERR_TOKEN: a cluster id without a region.  Any
 * other name without a region is resolved to region "".
 */
DSQL_API dsql_status dsql_endpoint_resolve(const char *host, const char *region, dsql_endpoint *out,
                                           dsql_error *err);

/* ---- Options ----------------------------------------------------------- */

/**
 * What to connect to and how.  A field that is zero has its default, so a caller names only the
 * fields that differ.  Options are read during the call that they are passed to.
 *
 * Always create options with DSQL_OPTIONS(...) or dsql_options_init(): they set struct_size,
 * which tells the library the fields that the caller was compiled with.  New fields are only
 * ever appended.
 */
typedef struct {
    size_t struct_size;

    /**
     * A postgres://, postgresql:// or dsql:// URI, or a "keyword=value ..." string, as in libpq
     * (PostgreSQL manual, "Connection Strings").  In addition to libpq's keywords it may contain
     * region, profile, tokenDurationSecs, occMaxRetries (max_attempts minus 1) and ormPrefix
     * (application_name).  The fields below override it; it overrides the environment.
     */
    const char *conninfo;

    /**
     * The endpoint or the 26-character cluster id.  Default: $PGHOST.  For AWS PrivateLink
     * without private DNS: the DNS name of the interface endpoint
     * (vpce-...vpce.amazonaws.com) together with the libpq keyword
     * options='-c amzn-cluster-id=ID'.  The server's name is verified then too; see
     * dsql_options(3).
     */
    const char *host;
    /** Default: from host, $AWS_REGION, $AWS_DEFAULT_REGION, the profile, instance metadata. */
    const char *region;
    const char *user;    /**< default: $PGUSER, then "admin" */
    const char *dbname;  /**< default: "postgres", the only database of a cluster */
    const char *port;    /**< default: $PGPORT, then "5432" */
    const char *profile; /**< the AWS profile; ignored if credentials is set */
    /** Sent as "NAME:dsql-c/VERSION"; the server keeps 63 bytes.  Default: $PGAPPNAME. */
    const char *application_name;
    /** File of trusted certificates.  Default: $PGSSLROOTCERT, ~/.postgresql/root.crt, system. */
    const char *ca_file;
    /** The call adds a reference.  Default: a new dsql_credentials_default() for each call. */
    dsql_credentials_provider *credentials;
    int token_seconds;      /**< lifetime of a token, 1 to 604800; default 900 */
    int connect_timeout_ms; /**< for all attempts together; default 10000; -1: no limit */

    /** Further libpq keywords and their values, as for PQconnectdbParams(); both end with NULL. */
    const char *const *pq_keywords;
    const char *const *pq_values;

    /* For a pool. */
    int pool_max;           /**< most connections; default 10 */
    int pool_min_idle;      /**< idle connections to keep open in the background; default 0 */
    int max_lifetime_s;     /**< of a connection; default 3300; at most 3600, Aurora DSQL's limit */
    int max_idle_s;         /**< an idle connection is closed after this; default 600 */
    int acquire_timeout_ms; /**< for waiting and connecting; default 5000; -1: no limit */
    /** A connection idle for longer is checked with one round trip; default 30; -1: never. */
    int validate_idle_s;
    /**
     * Not 0: RESET ALL and DEALLOCATE ALL, then on_connect, each time a connection is released.
     * Default: only if the library has seen that something was set or prepared; see
     * dsql_pool_release().
     */
    int reset_on_release;
    /**
     * Hooks.  They run without a lock held, on the thread that acquires, releases or closes, or
     * on a thread of the pool.  They must not call PQfinish().  A transaction that a hook leaves
     * open is rolled back.
     *
     * on_connect: for each new connection, before it is acquired, and again after a reset; for
     * example to SET search_path or to prepare statements.  If it does not return DSQL_OK, the
     * connection is closed and the acquire fails with its error.
     * on_acquire: each time a connection is acquired.  If it does not return DSQL_OK, the
     * connection is closed, and one new connection is tried.  What it sets or prepares costs a
     * reset when the connection is released.
     * on_release: each time a connection is released and can be used again.
     * on_close: before a connection is closed, for whatever reason; the connection may be broken.
     * If the caller closes it, on_close runs inside PQfinish().
     */
    dsql_status (*on_connect)(PGconn *conn, void *arg, dsql_error *err);
    void *on_connect_arg;
    dsql_status (*on_acquire)(PGconn *conn, void *arg, dsql_error *err);
    void *on_acquire_arg;
    void (*on_release)(PGconn *conn, void *arg);
    void *on_release_arg;
    void (*on_close)(PGconn *conn, void *arg);
    void *on_close_arg;

    /* For transactions: the defaults of dsql_transaction_options. */
    int max_attempts;  /**< attempts in all; default 8; 1: no retry */
    int retry_base_ms; /**< first wait; default 25; doubled each time, half of it random */
    int retry_max_ms;  /**< longest wait between two attempts; default 1000 */
    /** The limit of all attempts together; see dsql_transaction().  Default 60000; -1: no limit. */
    int transaction_timeout_ms;

    dsql_log_fn log; /**< default: no log */
    void *log_arg;

    /**
     * For transactions too: how long the answer to one statement that the library sends is waited
     * for; see dsql_exec().  Default: no limit but transaction_timeout_ms; -1: the same.
     */
    int statement_timeout_ms;

    /**
     * For a pool: a connection that is in use for longer is logged once (DSQL_LOG_WARN), with the
     * place that acquired it; default 0: never.  See dsql_pool_acquire_at().
     */
    int leak_warn_s;
} dsql_options;

/**
 * A const dsql_options * with the named fields: DSQL_OPTIONS(.host = h, .pool_max = 10).
 * It lives until the end of the enclosing block.  C only.
 */
#ifndef __cplusplus
#define DSQL_OPTIONS(...)                                                                          \
    ((const dsql_options *)&(dsql_options){.struct_size = sizeof(dsql_options), __VA_ARGS__})
#endif
/** Options with all defaults, for C++ or to set fields one by one. */
static inline dsql_options dsql_options_init(void)
{
    dsql_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = sizeof o;
    return o;
}

/* ---- Tokens and connections -------------------------------------------- */

/**
 * Makes the password for a connection: a presigned URL (SigV4) without its scheme.  The action is
 * DbConnectAdmin for user "admin" and DbConnect for any other user.  Signing is local; only
 * fetching credentials may wait for the network.
 *
 * expires_at may be NULL.  It receives the Unix time until which the token opens connections:
 * token_seconds from now, or earlier if the credentials expire first.  Open connections are not
 * affected.  Free the token with dsql_token_free().
 * DSQL_ERR_USAGE, DSQL_ERR_CREDENTIALS, DSQL_ERR_TOKEN, DSQL_ERR_NOMEM.
 *
 * Longest wait: as dsql_credentials_fetch(), and a few seconds for the region if only the instance
 * metadata could tell it.
 */
DSQL_API char *dsql_token(const dsql_options *options, int64_t *expires_at,
                          dsql_error *err) DSQL_MUST_USE;
/** Overwrites the token, then frees it. */
DSQL_API void dsql_token_free(char *token);

/**
 * The keywords and values that dsql_connect() passes to libpq, including a token: for programs
 * that call PQconnectdbParams(), or another driver, themselves.
 */
typedef struct dsql_params dsql_params;

/**
 * Makes a token as dsql_token() does.  Free the result with dsql_params_free().
 *
 * Longest wait: as dsql_token(), and the system's lookup of the host name with PrivateLink.
 */
DSQL_API dsql_params *dsql_params_new(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;
/**
 * The same with a token that was made before.  Needs no credentials.
 *
 * Longest wait: the system's lookup of the host name with PrivateLink, and a few seconds for the
 * region as dsql_token().
 */
DSQL_API dsql_params *dsql_params_new_with_token(const dsql_options *options, const char *token,
                                                 dsql_error *err) DSQL_MUST_USE;
/** Both arrays end with NULL and live as long as params. */
DSQL_API const char *const *dsql_params_keywords(const dsql_params *params);
DSQL_API const char *const *dsql_params_values(const dsql_params *params);
/** Overwrites the token, then frees. */
DSQL_API void dsql_params_free(dsql_params *params);

/**
 * Opens a connection and returns it when it can be used; its status is CONNECTION_OK.  Close it
 * with PQfinish().  Do not PQreset() it: that sends the old token, which has expired.
 *
 * Within connect_timeout_ms it waits for a cluster that starts, wakes up or has too many
 * connections, and retries an expired signature once with new credentials.
 *
 * Longest wait: connect_timeout_ms, except that the system's lookup of the host name and fetching
 * credentials (see dsql_token()) are not cut short by it.
 *
 * DSQL_ERR_CONNECT, with the server's SQLSTATE if it answered; DSQL_ERR_TIMEOUT; DSQL_ERR_USAGE,
 * also if PGSERVICE is set (see dsql_options(3)); and the errors of dsql_token().
 */
DSQL_API PGconn *dsql_connect(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/**
 * Starts to connect, as PQconnectStart(); continue with PQsocket() and PQconnectPoll().  It is one
 * attempt without a time limit: retrying and giving up are the caller's business.
 *
 * Longest wait: the system's lookup of the host name, and as dsql_token().  To avoid the latter,
 * give a provider in the options and call dsql_credentials_fetch() on another thread before.
 */
DSQL_API PGconn *dsql_connect_start(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/* ---- Results ----------------------------------------------------------- */

/**
 * Turns a result into a status: DSQL_OK if the statement succeeded, DSQL_ERR_OCC for a conflict,
 * DSQL_ERR_QUERY for another error of the server, DSQL_ERR_CONNECT if the connection was lost or
 * the query was not sent, DSQL_ERR_USAGE if libpq did not accept the call, DSQL_ERR_NOMEM if libpq
 * ran out of memory.  res may be NULL, as libpq returns it when it has no result.
 */
DSQL_API dsql_status dsql_check(PGconn *conn, const PGresult *res, dsql_error *err) DSQL_MUST_USE;

/** dsql_check(), then PQclear(res): for statements whose rows are not needed. */
DSQL_API dsql_status dsql_check_clear(PGconn *conn, PGresult *res, dsql_error *err) DSQL_MUST_USE;

/** The kind of a conflict (OCC: optimistic concurrency control). */
typedef enum {
    DSQL_OCC_NONE = 0, /**< not a conflict */
    DSQL_OCC_DATA,     /**< OC000: another transaction changed the same rows */
    DSQL_OCC_SCHEMA,   /**< OC001: another transaction changed the schema */
    DSQL_OCC_OTHER     /**< another serialization failure or deadlock (40001, 40P01) */
} dsql_occ;

/** The kind of conflict that a result reports.  res may be NULL. */
DSQL_API dsql_occ dsql_result_occ(const PGresult *res);

/**
 * The same from the SQLSTATE and the message of an error, for bindings.  Both may be NULL.  Only
 * the SQLSTATE decides whether it is a conflict.
 */
DSQL_API dsql_occ dsql_occ_classify(const char *sqlstate, const char *message);

/* ---- Pool -------------------------------------------------------------- */

/**
 * A pool of connections, for any number of threads.
 *
 * After fork() the parent and the child may both use the pool.  The child opens connections of
 * its own.  Releasing an inherited connection there, PQfinish() on it, or a query, which fails,
 * does not affect the parent.
 */
typedef struct dsql_pool dsql_pool;

/**
 * Opens a pool and one connection, so that wrong options fail here, with the errors of
 * dsql_connect() or that of on_connect.  DSQL_ERR_SYSTEM: the pool's thread could not be started.
 * Close the pool with dsql_pool_close().
 *
 * Longest wait: as dsql_connect().
 */
DSQL_API dsql_pool *dsql_pool_open(const dsql_options *options, dsql_error *err) DSQL_MUST_USE;

/**
 * Returns a working connection that is not in a transaction.  If all pool_max connections are in
 * use it waits.  Callers are served in order, except that one that has waited for less than 2 ms
 * may be overtaken by a thread that is running.  Return it with dsql_pool_release().
 *
 * Before a connection is returned the pool looks at its socket, and replaces one that the server
 * has closed.  It does not look at a connection that was released less than 500 ms ago: if the
 * server has closed it since, its first statement fails.  dsql_transaction() and the loop retry
 * that.
 *
 * If a new connection cannot be opened for a reason that may pass by itself (is_transient), it
 * tries again within acquire_timeout_ms and connect_timeout_ms.  After a failure one caller at a
 * time tries, with waits of 100 ms to 2 s that all callers share.  Any other failure is returned at
 * once, also to the callers that wait for the same.
 *
 * DSQL_ERR_TIMEOUT after acquire_timeout_ms; DSQL_ERR_CLOSED if the pool is closing; the errors of
 * dsql_connect() and of the hooks.
 *
 * Longest wait: acquire_timeout_ms, except that the system's lookup of the host name and fetching
 * credentials (see dsql_token()) are not cut short by it.
 */
DSQL_API PGconn *dsql_pool_acquire(dsql_pool *pool, dsql_error *err) DSQL_MUST_USE;

/** The place of this line, for dsql_pool_acquire_at(): "checkout.c:120". */
#define DSQL_HERE           __FILE__ ":" DSQL_STRING(__LINE__)
#define DSQL_STRING(text)   DSQL_STRING_2(text)
#define DSQL_STRING_2(text) #text

/**
 * The same; place is what the warning of leak_warn_s calls the caller: DSQL_HERE or a name of
 * your own.  The last 63 bytes are copied.  DSQL_TRANSACTION() does this by itself.
 *
 * Longest wait: as dsql_pool_acquire().
 */
DSQL_API PGconn *dsql_pool_acquire_at(dsql_pool *pool, const char *place,
                                      dsql_error *err) DSQL_MUST_USE;

/**
 * Returns an idle connection, or NULL at once: it never waits for the server or for another
 * caller.  Dead connections are skipped.  If none is ready, one is opened on a thread of the pool,
 * or checked if validate_idle_s is over, so that a later call gets it.  place may be NULL.  The
 * hook on_acquire runs, and may wait.
 *
 * DSQL_ERR_TIMEOUT: no connection is ready.  DSQL_ERR_CLOSED; the error of on_acquire.
 */
DSQL_API PGconn *dsql_pool_try_acquire(dsql_pool *pool, const char *place,
                                       dsql_error *err) DSQL_MUST_USE;

/**
 * Acquires a connection in an event loop, in the manner of PQconnectPoll():
 *
 *     dsql_acquire *acquire = dsql_pool_acquire_start(pool, DSQL_HERE, &err);
 *     PGconn *conn;
 *     switch (dsql_acquire_poll(acquire, &conn, &err)) {
 *     case PGRES_POLLING_OK: use conn; dsql_acquire_free(acquire); break;
 *     case PGRES_POLLING_READING: call dsql_acquire_poll() again when dsql_acquire_socket() is
 *         readable, or after dsql_acquire_wait_ms(); break;
 *     default: report err; dsql_acquire_free(acquire); break;
 *     }
 *
 * It waits in the same queue as dsql_pool_acquire(), where it is never overtaken.  Whatever may
 * block runs on a thread of the pool: the lookup of the host name, fetching credentials,
 * connecting, the check of an idle connection, on_connect and on_acquire.  None of its functions
 * waits.  One thread at a time may use the object.
 */
typedef struct dsql_acquire dsql_acquire;

/**
 * Call dsql_acquire_poll() next.  place may be NULL.  Free the object before the pool is closed.
 * DSQL_ERR_CLOSED, DSQL_ERR_NOMEM, DSQL_ERR_SYSTEM: no descriptor could be opened.
 */
DSQL_API dsql_acquire *dsql_pool_acquire_start(dsql_pool *pool, const char *place,
                                               dsql_error *err) DSQL_MUST_USE;

/**
 * PGRES_POLLING_OK: *conn is the connection, in blocking mode, to be returned with
 * dsql_pool_release().  PGRES_POLLING_READING: not yet; *conn is NULL.  PGRES_POLLING_FAILED: with
 * the errors of dsql_pool_acquire(); DSQL_ERR_SYSTEM: no thread or descriptor.
 */
DSQL_API PostgresPollingStatusType dsql_acquire_poll(dsql_acquire *acquire, PGconn **conn,
                                                     dsql_error *err) DSQL_MUST_USE;

/**
 * The descriptor to wait for until it is readable, level- or edge-triggered.  Valid after
 * PGRES_POLLING_READING, and the same until dsql_acquire_free() closes it; -1 before.
 */
DSQL_API int dsql_acquire_socket(const dsql_acquire *acquire);
/** In how many milliseconds dsql_acquire_poll() must be called at the latest; -1: no limit. */
DSQL_API int dsql_acquire_wait_ms(const dsql_acquire *acquire);
/**
 * Frees the object in any state, and gives up its place in the queue.  A connection that it was
 * opening stays in the pool.  One that dsql_acquire_poll() has returned is not affected.
 */
DSQL_API void dsql_acquire_free(dsql_acquire *acquire);

/**
 * Returns a connection to the pool in any state.  An open transaction is rolled back.  A
 * connection that is broken, too old or busy (a COPY, unread results, pipeline mode) is closed.
 * PQfinish() instead is allowed.  Keeps errno.  A connection of another pool is returned to that
 * one, and the mistake is logged as an error.  So is the release of a connection that is not in
 * use, which changes nothing.
 *
 * Longest wait: 5 seconds.
 *
 * The next caller gets it as on_connect left it.  If something was set or prepared, it is reset
 * with RESET ALL and DEALLOCATE ALL, in one round trip, and on_connect runs again; otherwise this
 * costs nothing.  The library sees SET, PREPARE and the like, PQprepare(), and parameters that the
 * server reports.  It does not see set_config() of other parameters in a query or a function; see
 * reset_on_release.  libpq's notice receiver, notice processor, error verbosity and blocking mode
 * are put back too, and PQtrace() is ended.  Event procedures stay registered.
 */
DSQL_API void dsql_pool_release(dsql_pool *pool, PGconn *conn);

/** Of the acquires, those that took longer than the entry before and at most up_to_ms. */
typedef struct {
    int up_to_ms; /**< -1 in the last entry: all that took longer */
    uint64_t count;
} dsql_pool_wait;

#define DSQL_POOL_WAITS 9 /**< up to 1, 5, 10, 50, 100, 500, 1000 and 5000 ms, and longer */

/** The state of a pool, and what a dashboard shows of it. */
typedef struct {
    int open, idle, in_use; /**< connections now */
    int waiting;            /**< callers that wait for a connection now */
    /* Totals since dsql_pool_open(). */
    uint64_t acquired;       /**< connections that were acquired */
    uint64_t timeouts;       /**< acquires that failed with DSQL_ERR_TIMEOUT in the queue */
    uint64_t opened, closed; /**< connections */
    uint64_t occ_retries;    /**< transactions and statements retried after a conflict */

    uint64_t connects_failed;    /**< connections that could not be opened */
    uint64_t tokens;             /**< tokens made; each attempt to connect needs one */
    uint64_t validations_failed; /**< idle connections that were found to be lost */
    uint64_t resets;             /**< released connections whose session was reset */
    uint64_t leaks;              /**< warnings of leak_warn_s */

    /* Retries by what failed the attempt.  occ_retries is the sum of the first three. */
    uint64_t retries_oc000;    /**< OC000: the same rows */
    uint64_t retries_oc001;    /**< OC001: the schema */
    uint64_t retries_other;    /**< another serialization failure or deadlock */
    uint64_t retries_lost;     /**< the connection was lost before COMMIT */
    uint64_t retries_given_up; /**< failed for good: no attempts or no time were left */

    uint64_t wait_total_ms;                /**< of all acquires, in the queue and for preparing */
    dsql_pool_wait waits[DSQL_POOL_WAITS]; /**< a histogram; the counts add up to acquired */
    uint64_t reserved[8];                  /**< for later versions */
} dsql_pool_stats;

/** Fills in out.  In a child process, totals begin at the fork.  Does not wait. */
DSQL_API void dsql_pool_get_stats(dsql_pool *pool, dsql_pool_stats *out);

/**
 * Closes the pool: no connection can be acquired any more, idle ones are closed, and the pool is
 * freed when all connections have been released.  Transactions that wait for a retry end with
 * DSQL_ERR_CLOSED.
 *
 * Longest wait: timeout_ms, for connections in use; -1: no limit.  DSQL_ERR_TIMEOUT: some are still
 * in use.  The pool then stays valid, and closing, so that they can be released; call this again.
 * Two threads must not call it at the same time.
 */
DSQL_API dsql_status dsql_pool_close(dsql_pool *pool, int timeout_ms);

/* ---- Transactions ------------------------------------------------------ */

/** What on_retry receives. */
typedef struct {
    int attempt;              /**< the attempt that failed, from 1 */
    dsql_occ kind;            /**< DSQL_OCC_NONE: the connection was lost */
    int wait_ms;              /**< until the next attempt; 0 for the first OC001 */
    const dsql_error *reason; /**< valid during the call */
} dsql_retry;

/**
 * Options of one transaction.  A field that is zero has the value of the pool's options.  Create
 * them with DSQL_TRANSACTION_OPTIONS(...) or dsql_transaction_options_init().
 */
typedef struct {
    size_t struct_size;
    int max_attempts;
    int retry_base_ms;
    int retry_max_ms;
    int timeout_ms; /**< the limit of all attempts together, see dsql_transaction(); -1: none */
    /**
     * Not 0: BEGIN READ ONLY.  Such a transaction is also retried if COMMIT gets no answer, unless
     * its body sent SET, RESET or ROLLBACK, which can end READ ONLY.
     */
    int read_only;
    /**
     * Called after a failed attempt and before the wait for the next one, without a lock held.
     * The connection has already been released.
     */
    void (*on_retry)(void *arg, const dsql_retry *retry);
    void *on_retry_arg;
    int statement_timeout_ms; /**< of each statement that the library sends; -1: none of its own */
    /** For the warning of leak_warn_s, as for dsql_pool_acquire_at(); copied. */
    const char *place;
} dsql_transaction_options;

/** A const dsql_transaction_options *, as DSQL_OPTIONS(...): (.read_only = 1).  C only. */
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
 * The body of a transaction.  It may run several times, so it should do nothing but database
 * work, and assign its outputs rather than add to them.  It returns DSQL_OK to commit, or fills
 * in err and returns a status to roll back.
 *
 * BEGIN and COMMIT are the library's.  A body that commits by itself is not retried: if something
 * fails after its COMMIT, the result is DSQL_ERR_USAGE.  If its COMMIT gets no answer, the library
 * takes that for a connection lost before the end, and retries.
 *
 * A C++ exception or pthread_exit() rolls back, releases the connection and continues.  A
 * longjmp() out of the body leaks the connection, and the pool can never be closed.
 */
typedef dsql_status (*dsql_txn_fn)(PGconn *conn, void *arg, dsql_error *err);

/**
 * Runs BEGIN, fn and COMMIT on a connection of the pool.  After a conflict in any of the three it
 * rolls back, releases the connection, waits, and starts again; each attempt may get another
 * connection.  After the first OC001 it does not wait, because the retry itself loads the new
 * schema.  A connection lost before COMMIT is replaced in the same way.  While that fails for a
 * reason that may pass by itself, it is tried until the time limit, whatever max_attempts is.  Any
 * other error is rolled back and returned.
 *
 * The library sees conflicts in the results that libpq receives.  A body that ignores a conflict is
 * therefore retried all the same, and a body that ignores another error gets DSQL_ERR_QUERY
 * instead of a COMMIT that silently rolls back.
 *
 * A transaction inside a body needs a second connection of the pool.  It is independent: it stays
 * committed when the outer one is retried.
 *
 * No attempt but the first starts after transaction_timeout_ms, and no wait lasts beyond it.  BEGIN
 * and COMMIT are waited for until then, but at least 5 seconds, and ROLLBACK for 5 seconds; without
 * an answer the connection is closed.  A body that has not ended 5 seconds after the limit, or
 * after its own begin if that was later, is cut off: its connection is shut down by a thread of the
 * pool, so that whatever waits for the server fails, and the result is DSQL_ERR_TIMEOUT without a
 * retry.  For shorter limits use dsql_conn_exec() in the body.
 *
 * Longest wait: acquire_timeout_ms or transaction_timeout_ms, whichever is longer, and 20 seconds
 * in which the commands of the library are answered or not.  The exceptions of dsql_pool_acquire()
 * hold here too.
 *
 * DSQL_ERR_OCC: the last attempt had a conflict too.  DSQL_ERR_CONNECT: it lost the connection.
 * DSQL_ERR_TIMEOUT: BEGIN or a statement was not answered in time.  DSQL_ERR_COMMIT_UNKNOWN: the
 * connection was lost during COMMIT, or COMMIT was not answered; this is never retried.  A
 * transaction with the option read_only has nothing to commit, so it is retried instead.
 * DSQL_ERR_CLOSED: the pool was closed meanwhile.  Also the errors of dsql_pool_acquire(), and what
 * fn returned.
 */
DSQL_API dsql_status dsql_transaction(dsql_pool *pool, dsql_txn_fn fn, void *arg,
                                      dsql_error *err) DSQL_MUST_USE;

/** The same with options of its own.  options may be NULL.  Longest wait: the same. */
DSQL_API dsql_status dsql_transaction_with(dsql_pool *pool, const dsql_transaction_options *options,
                                           dsql_txn_fn fn, void *arg,
                                           dsql_error *err) DSQL_MUST_USE;

/**
 * The same on the caller's connection, opened by this library or not.  Of options, which may be
 * NULL, only the limits and the log are used.  Without a pool there is no thread that could cut off
 * a body: use dsql_conn_exec() for its statements.  If the connection is lost before COMMIT, the
 * result is DSQL_ERR_CONNECT without a retry.  If it is already in a transaction, the result is
 * DSQL_ERR_USAGE.
 *
 * Longest wait: that of the statements of the body, and for the rest transaction_timeout_ms and 12
 * seconds, in which what the body has left unread is ended and ROLLBACK is answered or not.
 */
DSQL_API dsql_status dsql_conn_transaction(PGconn *conn, const dsql_options *options,
                                           dsql_txn_fn fn, void *arg,
                                           dsql_error *err) DSQL_MUST_USE;

/**
 * The same as a loop.  Each iteration is one attempt, on a connection after BEGIN:
 *
 *     PGconn *conn;
 *     dsql_error err;
 *     DSQL_TRANSACTION(pool, conn, &err) {
 *         PQclear(PQexec(conn, "UPDATE ..."));
 *     }
 *     if (err.status != DSQL_OK) ...
 *
 * The end of the body commits; after a conflict the body runs again.  It need not check its
 * results: once the server has rejected a statement, nothing is committed.  A body that checks
 * them leaves early with
 *     if (dsql_check_clear(conn, res, &err) != DSQL_OK) continue;
 * because continue is the end of the body: a conflict is retried, and any other error in err rolls
 * back and ends the loop.  break, return and goto out of the body roll back, release the
 * connection and do not retry.  Inside a switch or an inner loop, break and continue belong to
 * that, as always in C.
 *
 * err must not be NULL.  It is DSQL_OK at the start of each iteration.  After the loop it holds the
 * outcome: DSQL_OK only if the transaction was committed; after a break, what the body left in it,
 * or else DSQL_ERR_CALLBACK.  An exception or pthread_exit() out of the body rolls back in C++; in
 * C this needs glibc and -fexceptions.  Otherwise, and with longjmp(), it leaks the connection, and
 * the pool can never be closed.
 *
 * For compilers that know __attribute__((cleanup)): gcc and clang, in C and C++.
 */
#if defined(__GNUC__)
#define DSQL_TRANSACTION(pool, conn, err) DSQL_TRANSACTION_WITH(pool, NULL, conn, err)
#define DSQL_TRANSACTION_WITH(pool, options, conn, err)                                            \
    for (dsql_transaction_loop * DSQL_UNIQUE(dsql_loop_)                                           \
                                     __attribute__((cleanup(dsql_transaction_loop_cleanup))) =     \
             dsql_transaction_loop_new(pool, options, DSQL_HERE, err);                             \
         dsql_transaction_loop_running(DSQL_UNIQUE(dsql_loop_));                                   \
         dsql_transaction_loop_end(DSQL_UNIQUE(dsql_loop_)))                                       \
        while (((conn) = dsql_transaction_loop_next(DSQL_UNIQUE(dsql_loop_))) != NULL)
#define DSQL_UNIQUE(name)       DSQL_UNIQUE_2(name, __LINE__)
#define DSQL_UNIQUE_2(name, id) DSQL_UNIQUE_3(name, id)
#define DSQL_UNIQUE_3(name, id) name##id
#endif

/** The loop as functions, for other compilers and for bindings. */
typedef struct dsql_transaction_loop dsql_transaction_loop;

/**
 * place counts if the options have none; NULL: it is not named.  err may be NULL here; otherwise it
 * must stay valid until dsql_transaction_loop_free().
 */
DSQL_API dsql_transaction_loop *dsql_transaction_loop_new(dsql_pool *pool,
                                                          const dsql_transaction_options *options,
                                                          const char *place, dsql_error *err);
/** Not 0 while another attempt is possible.  0 for NULL. */
DSQL_API int dsql_transaction_loop_running(const dsql_transaction_loop *loop);
/**
 * The first call returns a connection after BEGIN.  Each later call ends the attempt: it commits
 * and returns NULL, or after a conflict returns the connection of the next attempt.  NULL also
 * means that the transaction failed for good.
 *
 * Longest wait: all calls together, with the body, as dsql_transaction().
 */
DSQL_API PGconn *dsql_transaction_loop_next(dsql_transaction_loop *loop);
/**
 * Rolls back an open attempt and returns the outcome, as in err.  DSQL_ERR_USAGE for NULL.
 *
 * Longest wait: 5 seconds for ROLLBACK, and 5 seconds as dsql_pool_release().
 */
DSQL_API dsql_status dsql_transaction_loop_end(dsql_transaction_loop *loop);
/** dsql_transaction_loop_end() if that was not done, then frees.  Longest wait: the same. */
DSQL_API void dsql_transaction_loop_free(dsql_transaction_loop *loop);
static inline void dsql_transaction_loop_cleanup(dsql_transaction_loop **loop)
{
    dsql_transaction_loop_free(*loop);
}

/* ---- Statements, batches, jobs ----------------------------------------- */

/**
 * Runs one statement (DDL or DML) in a transaction of its own, retried after a conflict as
 * dsql_transaction() does.  params are param_count texts for $1, $2, ...; NULL is SQL NULL.
 * Returns the result with text columns, which the caller frees with PQclear(), or NULL.
 *
 * DSQL_ERR_COMMIT_UNKNOWN: the connection was lost after the statement was sent; never retried.
 * If it is lost before that, another connection is used.  With the option read_only it runs between
 * BEGIN READ ONLY and COMMIT, and is retried whenever the connection is lost; a SELECT without it
 * is not, since it can call a function that writes.  DSQL_ERR_USAGE: COPY or BEGIN, which
 * need a connection for longer.  DSQL_ERR_QUERY: the server rejected it, also if the string has
 * several statements.  Other errors are those of dsql_transaction().
 *
 * Longest wait: acquire_timeout_ms or transaction_timeout_ms, whichever is longer, and 10 seconds.
 * The exceptions of dsql_pool_acquire() hold here too.  The answer to the statement is waited for
 * until transaction_timeout_ms, but at least 2 seconds, or for statement_timeout_ms if that is
 * shorter.  Then the server is asked to cancel the statement: DSQL_ERR_TIMEOUT.  If it does not
 * answer within 2 more seconds, the connection is closed, and the result is
 * DSQL_ERR_COMMIT_UNKNOWN; with read_only it is DSQL_ERR_TIMEOUT.  Neither is retried.
 */
DSQL_API PGresult *dsql_exec(dsql_pool *pool, const char *sql, int param_count,
                             const char *const *params, dsql_error *err) DSQL_MUST_USE;
/** The same with options of its own, which may be NULL.  Longest wait: the same. */
DSQL_API PGresult *dsql_exec_with(dsql_pool *pool, const dsql_transaction_options *options,
                                  const char *sql, int param_count, const char *const *params,
                                  dsql_error *err) DSQL_MUST_USE;

/**
 * Runs one statement on a connection, in the body of a transaction or anywhere else, with a time
 * limit: PQexecParams() waits without one.  Returns the result with text columns, which the caller
 * frees with PQclear(), or NULL.  Nothing is retried, but in a body a conflict is seen as always.
 *
 * timeout_ms 0: statement_timeout_ms of the transaction whose body this is; elsewhere no limit. -1:
 * none.  In a body the time limit of the transaction holds too.  Then the server is asked to cancel
 * the statement: DSQL_ERR_TIMEOUT.  If it does not answer within 2 more seconds, the connection is
 * closed.  This is DSQL_ERR_TIMEOUT in a transaction block, where nothing is committed, and
 * DSQL_ERR_COMMIT_UNKNOWN where the statement may have committed: outside a block, or as COMMIT.  A
 * COPY is returned when it begins; what follows is libpq's, without a limit.
 *
 * DSQL_ERR_USAGE: an argument is invalid, or the connection is busy.  Other errors are those of
 * dsql_check().
 *
 * Longest wait: timeout_ms, or the limit that holds instead, and 2 seconds.
 */
DSQL_API PGresult *dsql_conn_exec(PGconn *conn, const char *sql, int param_count,
                                  const char *const *params, int timeout_ms,
                                  dsql_error *err) DSQL_MUST_USE;

/**
 * Sends many rows through one statement, in transactions within the limits of Aurora DSQL (3,000
 * modified rows and 10 MiB each).  Rows are collected until a transaction is full, and each
 * transaction is retried after a conflict.  For one thread at a time.
 */
typedef struct dsql_batch dsql_batch;

/** Create them with DSQL_BATCH_OPTIONS(...) or dsql_batch_options_init(). */
typedef struct {
    size_t struct_size;
    /** Rows in a transaction; default 3000.  Choose less if a row modifies several (a cascade). */
    int max_rows;
    /** Bytes of values in a transaction; default 4 MiB, at most 10 MiB. */
    size_t max_bytes;
    const dsql_transaction_options *transaction; /**< copied; default: the pool's options */
} dsql_batch_options;

/** A const dsql_batch_options *, as DSQL_OPTIONS(...): (.max_rows = 500).  C only. */
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

/**
 * sql is one statement with parameters $1 to $param_count, which runs once for each row.  options
 * may be NULL.  The pool must outlive the batch.  DSQL_ERR_USAGE, DSQL_ERR_NOMEM.
 */
DSQL_API dsql_batch *dsql_batch_new(dsql_pool *pool, const char *sql, int param_count,
                                    const dsql_batch_options *options,
                                    dsql_error *err) DSQL_MUST_USE;
/**
 * Adds a row: copies of param_count texts; NULL is SQL NULL.  If the batch is full, its rows are
 * sent first.  If that fails, this row is not added and the others are kept: dsql_batch_flush()
 * sends them again.  Errors are those of dsql_transaction().  A message about a row that the server
 * rejected begins with its number, from 1: "row 1234: ...".  The rows of one transaction together
 * are waited for as long as the statement of dsql_exec(); then it is DSQL_ERR_TIMEOUT.
 *
 * Longest wait: as dsql_batch_flush(), if the batch is full.
 */
DSQL_API dsql_status dsql_batch_add(dsql_batch *batch, const char *const *values,
                                    dsql_error *err) DSQL_MUST_USE;
/**
 * Sends the rows that are left; after a failure, the same rows again.
 *
 * Longest wait: as dsql_transaction(), and twice that if the server rejects a row.
 */
DSQL_API dsql_status dsql_batch_flush(dsql_batch *batch, dsql_error *err) DSQL_MUST_USE;
/**
 * The number of rows, from the first one on, that are known to be committed: where to continue
 * after a failure.  After DSQL_ERR_COMMIT_UNKNOWN the pending rows may be committed too.
 */
DSQL_API uint64_t dsql_batch_committed(const dsql_batch *batch);
/** The number of rows that are collected and not committed.  dsql_batch_free() drops them. */
DSQL_API uint64_t dsql_batch_pending(const dsql_batch *batch);
DSQL_API void dsql_batch_free(dsql_batch *batch);

/**
 * Produces the next row: fills in values, which are all NULL before, and returns 1.  The texts
 * must live until the next call.  Returns 0 at the end, and -1, with err filled in, to stop.
 */
typedef int (*dsql_row_fn)(void *arg, const char **values, dsql_error *err);
/**
 * Adds all rows that next produces, then flushes.
 *
 * Longest wait: as dsql_batch_flush(), for each transaction that the rows need.
 */
DSQL_API dsql_status dsql_batch_add_all(dsql_batch *batch, dsql_row_fn next, void *arg,
                                        dsql_error *err) DSQL_MUST_USE;

/**
 * Waits for an asynchronous job, such as CREATE INDEX ASYNC starts, by reading sys.jobs at growing
 * intervals of up to 2 seconds.  No connection is held in between.  timeout_ms 0 reads once.
 *
 * Longest wait: timeout_ms, and that of dsql_exec() for the last read; -1: no limit.
 *
 * DSQL_OK: completed.  DSQL_ERR_QUERY: failed, or not in sys.jobs, which forgets finished jobs
 * after about 30 minutes.  DSQL_ERR_TIMEOUT: still running, or a read was not answered in time,
 * which is limited as a statement of dsql_exec().  DSQL_ERR_USAGE: job_id is invalid.
 */
DSQL_API dsql_status dsql_job_wait(dsql_pool *pool, const char *job_id, int timeout_ms,
                                   dsql_error *err) DSQL_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif /* DSQL_H */
