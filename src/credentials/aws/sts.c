/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS STS API Reference.  Both actions are a POST of a form to the root of the endpoint.  Of an
 * error only the code is shown, with advice: the messages of STS may quote the request, which
 * contains secrets.
 */
#include "credentials/aws/sts.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/percent.h"
#include "credentials/aws/service.h"
#include "credentials/aws/sts_response.h"
#include "sigv4/sigv4.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    MAX_FORM = 256 * 1024,
    MAX_TOKEN_FILE = 64 * 1024, /* STS takes 20,000 characters */
    MAX_AUTHORIZATION = 4096,
    CONNECT_TIMEOUT_MS = 5000,
    TIMEOUT_MS = 20000,
    MIN_SESSION_NAME = 2,
    MAX_SESSION_NAME = 64,
    MAX_HEADERS = 4,
    MAX_ROLE_ARN = 2048,   /* these two: of the service */
    MAX_EXTERNAL_ID = 1224 /* and together far from MAX_FORM */
};

#define CONTENT_TYPE "application/x-www-form-urlencoded"
#define SERVICE_NAME "sts"

/* ---- The form ---- */

/* Values come from files, so they are percent-encoded.  The names are constants. */
static void add_field(struct buf *form, const char *name, struct text value)
{
    buf_add_string(form, form->len == 0 ? "" : "&");
    buf_add_string(form, name);
    buf_add_char(form, '=');
    percent_encode(form, value);
}

/*
 * The rule of the API reference: [\w+=,.@-]{2,64}. A wrong name is reported here, because of
 * STS's ValidationError only the code would be shown.
 */
static bool is_session_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!char_is_alnum(name.data[i]) &&
            !text_contains(text_of("_+=,.@-"), (char[]){name.data[i], '\0'})) {
            return false;
        }
    }
    return name.len >= MIN_SESSION_NAME && name.len <= MAX_SESSION_NAME;
}

/* The time in our own session name lets CloudTrail tell the sessions apart. */
static void add_role(struct buf *form, const struct source_context *context,
                     const struct sts_role *role)
{
    char own_name[40];
    char duration[16];
    snprintf(own_name, sizeof own_name, "dsql-c-%" PRId64, clock_wall_s(context->clock));
    snprintf(duration, sizeof duration, "%d", role->duration_s);
    add_field(form, "RoleArn", text_of(role->role_arn));
    add_field(form, "RoleSessionName",
              text_of(role->session_name == NULL ? own_name : role->session_name));
    if (role->duration_s != 0) {
        add_field(form, "DurationSeconds", text_of(duration));
    }
    if (role->external_id != NULL) {
        add_field(form, "ExternalId", text_of(role->external_id));
    }
}

/* The limits are those of the service.  With them the form cannot reach MAX_FORM. */
static enum source_result write_form(const char *action, const struct source_context *context,
                                     const struct sts_role *role, struct buf *form, dsql_error *err)
{
    if (role->session_name != NULL && !is_session_name(text_of(role->session_name))) {
        return source_failed(
            err, "the role session name is not valid: use 2 to 64 letters, digits or _+=,.@-");
    }
    if (text_of(role->role_arn).len > MAX_ROLE_ARN ||
        text_of(role->external_id).len > MAX_EXTERNAL_ID) {
        return source_failed(err, "the ARN of a role or its external id is too long");
    }
    add_field(form, "Action", text_of(action));
    add_field(form, "Version", text_of("2011-06-15"));
    add_role(form, context, role);
    return SOURCE_GOT;
}

/* ---- Errors of STS ---- */

/*
 * What the user can do about an error that STS returned.  The text never depends on the response
 * beyond its code.
 */
static const char *advice(const char *code)
{
    static const struct {
        const char *code;
        const char *advice;
    } known[] = {
        {"AccessDenied", "the role's trust policy must allow the caller, and the caller needs "
                         "permission for the sts action on the role"},
        {"ExpiredToken", "the caller's credentials have expired: log in again"},
        {"ExpiredTokenException", "the token has expired: renew it"},
        {"InvalidClientTokenId", "the caller's access key is unknown: check that it is active"},
        {"SignatureDoesNotMatch", "the caller's secret key or the clock of this machine is wrong"},
        {"RequestExpired", "the clock of this machine is wrong: synchronize it (NTP)"},
        {"InvalidIdentityToken", "the role's account must have the token's identity provider and "
                                 "audience registered"},
        {"IDPRejectedClaim", "the trust policy of the role does not accept the token's claims"},
        {"RegionDisabledException", "activate STS for that region, or choose another region"},
        {"ValidationError", "check role_arn, role_session_name, external_id and "
                            "duration_seconds"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_equal_string(text_of(code), known[i].code)) {
            return known[i].advice;
        }
    }
    return "see this code in the AWS STS API reference";
}

static bool is_one_of(const char *code, const char *const *codes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal_string(text_of(code), codes[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Codes with which the same request may succeed a moment later.  InvalidIdentityToken is among
 * them only if STS could not get the key of the identity provider.
 */
static bool is_transient(const struct http_response *response)
{
    static const char *const codes[] = {
        "IDPCommunicationError", "Throttling",     "ThrottlingException",
        "RequestLimitExceeded",  "RequestTimeout", "RequestTimeoutException",
    };
    struct sts_error error;
    if (response->status == HTTP_OK) {
        return false;
    }
    sts_response_error(buf_text(&response->body), &error);
    return is_one_of(error.code, codes, sizeof codes / sizeof codes[0]) ||
           (text_equal_string(text_of(error.code), "InvalidIdentityToken") &&
            error.is_key_unreachable);
}

/* The ARN of the role is no secret, and it is the fact that the reader needs first. */
static enum source_result fail_rejected(const char *action, const struct sts_role *role,
                                        const struct http_response *response, dsql_error *err)
{
    struct sts_error error;
    sts_response_error(buf_text(&response->body), &error);
    if (error.code[0] == '\0') {
        return source_failed(err, "AWS STS returned HTTP status %d for %s of %s", response->status,
                             action, role->role_arn);
    }
    return source_failed(err, "AWS STS rejected %s of %s: %s; %s", action, role->role_arn,
                         error.code, advice(error.code));
}

static enum source_result read_answer(const char *action, const struct sts_role *role,
                                      const struct http_response *response,
                                      struct dsql_credentials *out, dsql_error *err)
{
    if (response->status != HTTP_OK) {
        return fail_rejected(action, role, response, err);
    }
    dsql_status status = sts_response_credentials(buf_text(&response->body), action, out);
    if (status == DSQL_ERR_CREDENTIALS) {
        return source_failed(err, "AWS STS returned incomplete credentials for %s of %s", action,
                             role->role_arn);
    }
    return source_filled(status, "from AWS STS", err);
}

/* ---- One call of STS ---- */

/* One call with what it sends.  The values of the headers must live as long as it does. */
struct sts_call {
    const char *action;
    const struct source_context *context;
    const struct profile *profile;
    const struct sts_role *role;
    struct service_endpoint endpoint;
    struct http_header headers[MAX_HEADERS];
    size_t header_count;
    struct buf form;
};

static void add_header(struct sts_call *call, const char *name, const char *value)
{
    call->headers[call->header_count++] = (struct http_header){name, value};
}

/* The caller clears the form, also after a failure. */
static enum source_result begin(struct sts_call *call, dsql_error *err)
{
    buf_init_secret(&call->form, MAX_FORM);
    add_header(call, "content-type", CONTENT_TYPE);
    if (service_endpoint(SERVICE_STS, call->profile, NULL, &call->endpoint, err) != DSQL_OK) {
        return SOURCE_FAILED;
    }
    return write_form(call->action, call->context, call->role, &call->form, err);
}

/* The URL ends with "/", which is the path that was signed. */
static dsql_status send(const struct sts_call *call, struct http_response *response,
                        dsql_error *err)
{
    struct http_retry retry;
    char url[SERVICE_URL_SIZE + 1];
    AUTO_FREE char *ca_file = NULL;
    dsql_status status = service_ca_file(call->profile, &ca_file, err);
    if (status == DSQL_OK) {
        status = service_retry(call->context, call->profile, &retry, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    retry.is_transient = is_transient;
    snprintf(url, sizeof url, "%s/", call->endpoint.url);
    const struct http_request request = {
        .method = "POST",
        .url = url,
        .reach = call->endpoint.reach,
        .headers = call->headers,
        .header_count = call->header_count,
        .body = buf_text(&call->form),
        .ca_file = ca_file,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
    };
    service_warn(call->context, &call->endpoint);
    return http_send_retrying(call->context->http, &request, &retry, response, err);
}

/* A form that has run out of memory must not be sent: it would be cut. */
static enum source_result send_call(const struct sts_call *call, struct dsql_credentials *out,
                                    dsql_error *err)
{
    struct http_response response AUTO_HTTP_RESPONSE;
    dsql_error failure = {0};
    http_response_init(&response);
    dsql_status status = DSQL_ERR_NOMEM;
    if (buf_ok(&call->form)) {
        status = send(call, &response, &failure);
    }
    if (status == DSQL_ERR_NOMEM) {
        fail_nomem(err);
        return SOURCE_FAILED;
    }
    if (status != DSQL_OK) {
        return source_failed(err, "could not call AWS STS for %s: %s", call->role->role_arn,
                             failure.message);
    }
    return read_answer(call->action, call->role, &response, out, err);
}

/* ---- AssumeRole ---- */

/* The scope holds the time text to which a header points, so it outlives the call. */
struct signature {
    struct sigv4_scope scope;
    struct buf authorization;
};

/*
 * SigV4, "Authorization header": the key id and the scope are not secret, and the signature is
 * useless after some minutes.
 */
static bool write_authorization(const struct sigv4_request *request,
                                const struct dsql_credentials *base, struct signature *signature)
{
    char hex[SIGV4_HEX_SIZE];
    struct buf *out = &signature->authorization;
    if (!sigv4_sign(request, &signature->scope, &base->secret_access_key, hex)) {
        return false;
    }
    buf_printf(out, SIGV4_ALGORITHM " Credential=%s/", secret_string(&base->access_key_id));
    sigv4_scope_text(&signature->scope, out);
    buf_add_string(out, ", SignedHeaders=");
    sigv4_signed_headers(request, out);
    buf_printf(out, ", Signature=%s", hex);
    return buf_ok(out);
}

/*
 * The headers are in the order of their names, which SigV4 requires.  The session token is signed
 * only if there is one; its element is the last, so that it can be left out.
 */
static bool sign(const struct sts_call *call, const struct dsql_credentials *base,
                 struct signature *signature)
{
    const char *token = secret_string(&base->session_token);
    const struct sigv4_param headers[MAX_HEADERS] = {
        {"content-type", CONTENT_TYPE},
        {"host", call->endpoint.host},
        {"x-amz-date", signature->scope.time},
        {"x-amz-security-token", token},
    };
    const struct sigv4_request request = {
        .method = "POST",
        .path = "/",
        .query = text_of(""),
        .headers = headers,
        .header_count = token[0] == '\0' ? MAX_HEADERS - 1 : MAX_HEADERS,
        .payload = buf_text(&call->form),
    };
    signature->scope.region = call->endpoint.region;
    signature->scope.service = SERVICE_NAME;
    return write_authorization(&request, base, signature);
}

static enum source_result send_signed_call(const struct sts_call *plain,
                                           const struct dsql_credentials *base,
                                           struct dsql_credentials *out, dsql_error *err)
{
    struct sts_call call = *plain; /* with headers that live as long as the signature */
    struct signature signature = {0};
    enum source_result result = SOURCE_FAILED;
    if (!clock_format_basic(clock_wall_s(plain->context->clock), signature.scope.time)) {
        return source_failed(err, "the system clock shows a year that cannot be signed");
    }
    buf_init(&signature.authorization, MAX_AUTHORIZATION);
    if (buf_ok(&plain->form) && sign(plain, base, &signature)) {
        add_header(&call, "x-amz-date", signature.scope.time);
        if (!secret_is_empty(&base->session_token)) {
            add_header(&call, "x-amz-security-token", secret_string(&base->session_token));
        }
        add_header(&call, "authorization", signature.authorization.data);
        result = send_call(&call, out, err);
    } else {
        fail_nomem(err); /* all that is signed has its limits, far from those of sigv4 */
    }
    buf_clear(&signature.authorization);
    return result;
}

enum source_result sts_assume_role(const struct source_context *context,
                                   const struct profile *profile, const struct sts_role *role,
                                   const struct dsql_credentials *base,
                                   struct dsql_credentials *out, dsql_error *err)
{
    struct sts_call call = {
        .action = "AssumeRole",
        .context = context,
        .profile = profile,
        .role = role,
    };
    enum source_result result = begin(&call, err);
    if (result == SOURCE_GOT) {
        result = send_signed_call(&call, base, out, err);
    }
    buf_clear(&call.form);
    return result;
}

/* ---- AssumeRoleWithWebIdentity ---- */

/* Read for each call, because the kubelet replaces the file.  The caller clears the buffer. */
static enum source_result read_token(const struct source_context *context, const char *file,
                                     struct buf *token, dsql_error *err)
{
    buf_init_secret(token, MAX_TOKEN_FILE);
    if (!file_system_read(context->files, file, token)) {
        fail_read(err, DSQL_ERR_CREDENTIALS, "the web identity token file", file);
        return SOURCE_FAILED;
    }
    if (text_is_empty(text_trim(buf_text(token)))) {
        return source_failed(err, "the web identity token file %s is empty", file);
    }
    return SOURCE_GOT;
}

/* The token is the proof, so the request is not signed and needs no credentials. */
enum source_result sts_assume_role_with_web_identity(const struct source_context *context,
                                                     const struct profile *profile,
                                                     const struct sts_role *role,
                                                     const char *token_file,
                                                     struct dsql_credentials *out, dsql_error *err)
{
    struct buf token AUTO_BUF = {0};
    struct sts_call call = {
        .action = "AssumeRoleWithWebIdentity",
        .context = context,
        .profile = profile,
        .role = role,
    };
    if (read_token(context, token_file, &token, err) != SOURCE_GOT) {
        return SOURCE_FAILED;
    }
    enum source_result result = begin(&call, err);
    if (result == SOURCE_GOT) {
        add_field(&call.form, "WebIdentityToken", text_trim(buf_text(&token)));
        result = send_call(&call, out, err);
    }
    buf_clear(&call.form);
    return result;
}
