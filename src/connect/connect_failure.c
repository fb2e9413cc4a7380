/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns the text of a failed connect into a kind, which decides about a retry, and an error with
 * a next step.  libpq gives no structure (there is no PGresult before the connection is open), so
 * the text is all there is.  Two rules follow from that: only a SQLSTATE, which a server must
 * have sent, can lead to a retry in here; and a text from an unknown server may contain anything,
 * so it is cut, and a token in it is not shown.
 */
#include "connect/connect_failure.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/platform.h"
#include "connect/file_failure.h"
#include "connect/libpq_text.h"
#include "connect/signature_skew.h"

#include <errno.h>
#include <time.h>

/*
 * Lengths in bytes.  dsql_error has room for DSQL_ERROR_MESSAGE_SIZE, and the next step at the
 * end must not be what is cut off, so each part before it has a limit of its own.
 */
enum {
    SQLSTATE_LENGTH = 5,
    PRIMARY_SHOWN = 300,
    PRIMARY_SHOWN_WITH_HINT = 120, /* leaves room for the hint and the next step */
    HINT_SHOWN = 130,
    ADVICE_MAX = 200,
    SECRET_PIECE_LENGTH = 12, /* a repetition this long is not a coincidence */
    SIGNIFICANT_SKEW_S = 30   /* less does not explain an expired signature */
};

/* ---- Parsing ---- */

/* Every SQLSTATE has a digit in it; FATAL, ERROR and PANIC have none. */
static bool is_sqlstate(struct text text)
{
    bool has_digit = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!char_is_digit(c) && !(c >= 'A' && c <= 'Z')) {
            return false;
        }
        has_digit = has_digit || char_is_digit(c);
    }
    return has_digit && text.len == SQLSTATE_LENGTH;
}

/*
 * "...: FATAL:  08006: unable to accept ...": the part between two colons that has the form of a
 * SQLSTATE.  The words around it may be translated, so they do not matter.
 */
static bool find_sqlstate(struct text line, struct connect_failure *out)
{
    struct text part;
    struct text rest = line;
    while (text_cut(rest, ':', &part, &rest)) {
        if (is_sqlstate(text_trim(part))) {
            out->primary = text_trim(rest);
            return text_copy(text_trim(part), out->sqlstate, sizeof out->sqlstate);
        }
    }
    return false;
}

/* The line of the HINT, without its label. */
static struct text find_hint(struct text lines)
{
    struct text line;
    while (text_next_line(&lines, &line)) {
        struct text label;
        struct text value;
        if (text_cut(line, ':', &label, &value) && text_equal_string(text_trim(label), "HINT")) {
            return text_trim(value);
        }
    }
    return text_of("");
}

/*
 * libpq's and the system's words for a server that is not there, or goes away in the middle: it may
 * restart.  A name that does not exist and a certificate that is rejected stay as they are.
 */
static bool may_come_back(struct text words)
{
    static const char *const passing[] = {
        "Connection refused",     "Connection reset by peer",
        "Connection timed out",   "No route to host",
        "Network is unreachable", "Temporary failure in name resolution",
        "closed the connection",  "connection has been closed",
        "EOF detected",           "unexpected eof",
    };
    static const char *const lasting[] = {"certificate", "does not support SSL",
                                          "authentication method requirement"};
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        if (text_contains(words, lasting[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (text_contains(words, passing[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Only a message of the server can cause a retry, never one of libpq or of the system.  The words
 * are those of the service, seen in its answers; it has no SQLSTATE of its own for them.  An
 * unknown error is permanent: a retry that cannot help delays the report and adds to the load of
 * a cluster that may be overloaded.
 */
static enum connect_failure_kind kind_of(const struct connect_failure *failure)
{
    struct text state = text_of(failure->sqlstate);
    if (text_contains(failure->hint, "Signature expired") ||
        text_contains(failure->hint, "Signature not yet current") ||
        (text_contains(failure->hint, "security token") &&
         text_contains(failure->hint, "expired"))) {
        return CONNECT_FAILURE_EXPIRED;
    }
    if (text_equal_string(state, "53300") || text_equal_string(state, "53400") ||
        text_starts_with(state, "57P0") || /* shutting down, starting up or recovering */
        (!text_is_empty(state) && text_contains(failure->primary, "waking up cluster"))) {
        return CONNECT_FAILURE_TRANSIENT;
    }
    return text_is_empty(state) && may_come_back(failure->primary) ? CONNECT_FAILURE_UNREACHABLE
                                                                   : CONNECT_FAILURE_PERMANENT;
}

/*
 * libpq reports each address that it tried.  The message that comes from a server counts.  So the
 * first line with a SQLSTATE is taken, not the last line.
 */
struct connect_failure connect_failure_read(struct text message)
{
    struct connect_failure failure = {
        .primary = text_trim(message), .hint = text_of(""), .file = text_of("")};
    struct text rest = message;
    struct text line;
    while (text_next_line(&rest, &line)) {
        if (find_sqlstate(line, &failure)) {
            failure.hint = find_hint(rest);
            break;
        }
    }
    if (failure.sqlstate[0] == '\0') {
        failure.file = file_failure_name(message);
    }
    failure.kind = kind_of(&failure);
    return failure;
}

/* ---- The next step ---- */

/*
 * In the unit that a reader can compare with a clock.  Rounded down, as the first number is what
 * matters.
 */
static void add_duration(struct buf *out, int64_t seconds)
{
    if (seconds < 120) {
        buf_printf(out, "%lld seconds", (long long)seconds);
    } else if (seconds < 7200) {
        buf_printf(out, "%lld minutes", (long long)(seconds / 60));
    } else {
        buf_printf(out, "%lld hours", (long long)(seconds / 3600));
    }
}

/*
 * The hint has AWS's own time, so the clock can be measured without another request.  A correct
 * clock leaves one cause: the token lives so briefly that it expires on the way.
 */
static void advise_about_clock(struct buf *out, const struct connect_failure *failure,
                               const struct connect_failure_context *context)
{
    int64_t skew_s = 0;
    if (!signature_skew_measure(failure->hint, context->now_s, &skew_s)) {
        buf_add_string(out, "; check the clock of this machine (NTP)");
        return;
    }
    int64_t size_s = skew_s < 0 ? -skew_s : skew_s;
    if (size_s < SIGNIFICANT_SKEW_S) {
        buf_printf(out, "; the clock is correct, so token_seconds (%d s) is too short",
                   context->token_seconds);
        return;
    }
    buf_add_string(out, "; the clock of this machine is ");
    add_duration(out, size_s);
    buf_printf(out, " %s that of AWS: synchronize it (NTP)", skew_s < 0 ? "behind" : "ahead of");
}

/*
 * The session of temporary credentials has expired, or the signature has: the service says
 * "security token" only for the former.
 */
static void advise_about_expiry(struct buf *out, const struct connect_failure *failure,
                                const struct connect_failure_context *context)
{
    if (text_contains(failure->hint, "security token")) {
        buf_add_string(out, "; renew the AWS credentials: their session has expired");
    } else {
        advise_about_clock(out, failure, context);
    }
}

/* The words of a local cluster; AWS has others for the same. */
static bool is_about_keys(struct text hint)
{
    return text_contains(hint, "signature does not match") || text_contains(hint, "access key") ||
           text_contains(hint, "security token included in the request is invalid");
}

/*
 * The service gives one message for a missing permission, a wrong region and a missing mapping,
 * so the advice names them all.
 */
static void advise_about_access(struct buf *out, const struct connect_failure *failure,
                                const struct connect_failure_context *context)
{
    bool is_admin = text_equal_string(text_of(context->user), "admin");
    if (text_contains(failure->hint, "Wrong user to action mapping")) {
        buf_add_string(out, "; user admin needs a DbConnectAdmin token, and every other user a "
                            "DbConnect token");
    } else if (is_about_keys(failure->hint)) {
        buf_add_string(out, "; check the access key and the secret key, and where they come from");
    } else if (text_contains(failure->hint, "another region")) {
        buf_add_string(out, "; leave region out, or set it to the cluster's");
    } else if (is_admin) {
        buf_add_string(out, "; check that IAM allows these credentials dsql:DbConnectAdmin on this "
                            "cluster, and that the region is correct");
    } else {
        buf_add_string(out, "; check that IAM allows these credentials dsql:DbConnect on this "
                            "cluster, and that AWS IAM GRANT maps their role to this user");
    }
}

/* Parts of messages of the server and of libpq, and what to do.  The first match counts. */
static const struct {
    const char *words;
    const char *advice;
} advices[] = {
    {"waking up cluster", "; try again in a few seconds"},
    {"sni was not received", "; host must be the cluster's endpoint, and sslsni must not be 0"},
    {"setting configuration parameter",
     "; remove it from options=, or unset PGGEQO, PGTZ or PGDATESTYLE"},
    {"root certificate file", "; correct the file in ca_file or PGSSLROOTCERT"},
    {"does not match host name", "; the server is not this cluster: check host and PGHOSTADDR"},
    {"does not support SSL", "; the server is not Aurora DSQL: check host, PGHOSTADDR and port"},
    {"authentication method requirement",
     "; the server is not Aurora DSQL: check host, PGHOSTADDR and port"},
    {"could not translate host name", "; check that the cluster exists in this region"},
    {"Connection refused", "; check the port, and that a server listens there"},
};

/*
 * libpq does not say what is wrong with a certificate.  A clock that is off makes every certificate
 * invalid and is quickly compared, so it comes before the file of the CA.
 */
static void advise_about_certificate(struct buf *out, const struct connect_failure *failure,
                                     const struct connect_failure_context *context)
{
    char now[40] = "";
    time_t now_s = (time_t)context->now_s;
    struct tm parts;
    if (gmtime_r(&now_s, &parts) != NULL) {
        strftime(now, sizeof now, "%Y-%m-%d %H:%M UTC", &parts);
    }
    bool is_time = text_contains(failure->primary, "not yet valid") ||
                   text_contains(failure->primary, "has expired");
    buf_printf(out, "; check the clock of this machine (%s)%s", now,
               is_time ? ", then renew the certificate"
                       : ", then set ca_file or PGSSLROOTCERT to the file of the CA");
}

static void advise_about_descriptors(struct buf *out, int os_errno)
{
    buf_add_string(out, os_errno == EMFILE
                            ? "; this process has no file descriptors left: close some, or raise "
                              "the limit (ulimit -n)"
                            : "; the system has no file descriptors left");
}

/* From the most certain to the least: the kind, the SQLSTATE, then words. */
static void advise(struct buf *out, const struct connect_failure *failure,
                   const struct connect_failure_context *context)
{
    struct text state = text_of(failure->sqlstate);
    if (context->os_errno == EMFILE || context->os_errno == ENFILE) {
        advise_about_descriptors(out, context->os_errno);
        return;
    }
    if (text_contains(failure->primary, "certificate verify failed")) {
        advise_about_certificate(out, failure, context);
        return;
    }
    if (failure->kind == CONNECT_FAILURE_EXPIRED) {
        advise_about_expiry(out, failure, context);
        return;
    }
    if (text_equal_string(state, "53300") || text_equal_string(state, "53400")) {
        buf_add_string(out, "; close connections that are not needed, or try again later");
        return;
    }
    if (text_contains(failure->primary, "access denied")) {
        advise_about_access(out, failure, context);
        return;
    }
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (text_contains(failure->primary, advices[i].words)) {
            buf_add_string(out, advices[i].advice);
            return;
        }
    }
}

/*
 * The secret end of a token: the session token, if there is one, and the signature.  Only what
 * must not be seen: host, action, access key and date of a token are not secret.  The session
 * token comes before the signature in a presigned URL (parameters are sorted), so the first name
 * found begins the secret part.
 */
static struct text secrets_of(const char *token)
{
    static const char *const names[] = {"X-Amz-Security-Token=", "X-Amz-Signature="};
    struct text rest = text_of(token);
    for (size_t i = 0; i < rest.len; i++) {
        struct text from = text_slice(rest, i, rest.len);
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            if (text_starts_with(from, names[j])) {
                return text_slice(from, text_of(names[j]).len, from.len);
            }
        }
    }
    return text_of("");
}

/*
 * Whether the text contains a piece of the secrets.  The whole text is searched, because it may
 * be cut anywhere later.  Twelve bytes of base64 or hex do not repeat by chance.
 */
static bool reveals(struct text text, struct text secrets)
{
    char piece[SECRET_PIECE_LENGTH + 1];
    for (size_t i = 0; i + SECRET_PIECE_LENGTH <= text.len; i++) {
        if (text_copy(text_slice(text, i, SECRET_PIECE_LENGTH), piece, sizeof piece) &&
            text_contains(secrets, piece)) {
            return true;
        }
    }
    return false;
}

/*
 * A server that repeats its token cannot place it in errors and logs.  A token in URL form shows
 * itself by "X-Amz-"; a piece of one only by comparison with the token that was sent.
 */
static struct text shown(struct text text, const char *token, size_t max)
{
    if (text_contains(text, "X-Amz-") || reveals(text, secrets_of(token))) {
        return text_of("(not shown: it contains a token)");
    }
    return text_slice(text, 0, max);
}

/* What OpenSSL says of the content of a file is plain text. */
static bool is_plain(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return true;
}

/*
 * libpq's words, without the reason if that may be uninitialised memory: see file_failure.h.  why
 * is the reason then.
 */
static struct text words_of(const struct connect_failure *failure,
                            const struct connect_failure_context *context,
                            char why[PLATFORM_ERROR_TEXT_SIZE])
{
    why[0] = '\0';
    if (text_is_empty(failure->file)) {
        return failure->primary;
    }
    const char *end = failure->file.data + failure->file.len + 1; /* after the quote */
    size_t len = (size_t)(end - failure->primary.data);
    if (context->os_errno != 0) {
        platform_error_text(context->os_errno, why);
    } else if (is_plain(text_slice(failure->primary, len, failure->primary.len))) {
        return failure->primary;
    }
    return text_slice(failure->primary, 0, len);
}

dsql_status connect_failure_to_error(const struct connect_failure *failure,
                                     const struct connect_failure_context *context, dsql_error *err)
{
    struct buf advice AUTO_BUF;
    bool has_hint = !text_is_empty(failure->hint);
    buf_init(&advice, ADVICE_MAX);
    advise(&advice, failure, context);
    char primary[PRIMARY_SHOWN + 1];
    char why[PLATFORM_ERROR_TEXT_SIZE];
    libpq_text_join(shown(words_of(failure, context, why), context->token, SIZE_MAX), primary,
                    has_hint ? PRIMARY_SHOWN_WITH_HINT + 1 : sizeof primary);
    struct text hint = shown(failure->hint, context->token, HINT_SHOWN);
    struct text next = buf_text(&advice);
    fail(err, DSQL_ERR_CONNECT, "could not connect to %s: %s%s%s%s%.*s%.*s", context->host, primary,
         why[0] == '\0' ? "" : ": ", why, has_hint ? ": " : "", (int)hint.len, hint.data,
         (int)next.len, next.data);
    if (err != NULL) {
        err->os_errno = context->os_errno;
        text_copy(hint, err->hint, sizeof err->hint);
        bool is_transient = failure->kind == CONNECT_FAILURE_TRANSIENT ||
                            failure->kind == CONNECT_FAILURE_UNREACHABLE;
        err->is_transient = is_transient ? 1 : 0;
        error_set_sqlstate(err, failure->sqlstate);
    }
    return DSQL_ERR_CONNECT;
}
