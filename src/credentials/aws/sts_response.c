/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads STS's XML by the paths of the fields that matter.  Of an error only the code is kept, and
 * whether the message mentions a verification key: the message itself may quote what was signed,
 * including the session token.
 */
#include "credentials/aws/sts_response.h"

#include "credentials/aws/rfc3339.h"
#include "credentials/aws/xml.h"
#include "http/http.h"

/* No value is longer than the response, so a buffer that breaks means that memory is short. */
enum { MAX_PATH = 160, MAX_VALUE = HTTP_MAX_BODY, MAX_MESSAGE = 4096 };

/* All four are wiped when they are cleared. */
struct values {
    struct buf access_key_id;
    struct buf secret_access_key;
    struct buf session_token;
    struct buf expiration;
};

static void values_init(struct values *values)
{
    buf_init_secret(&values->access_key_id, MAX_VALUE);
    buf_init_secret(&values->secret_access_key, MAX_VALUE);
    buf_init_secret(&values->session_token, MAX_VALUE);
    buf_init_secret(&values->expiration, MAX_VALUE);
}

static void values_clear(struct values *values)
{
    buf_clear(&values->access_key_id);
    buf_clear(&values->secret_access_key);
    buf_clear(&values->session_token);
    buf_clear(&values->expiration);
}

/* An element that is empty counts as missing. */
static bool find(struct text answer, const char *action, const char *name, struct buf *out)
{
    struct buf path AUTO_BUF;
    buf_init(&path, MAX_PATH);
    buf_printf(&path, "%sResponse/%sResult/Credentials/%s", action, action, name);
    if (!buf_ok(&path)) {
        out->is_broken = true; /* as if it had been there, and had not fitted */
        return false;
    }
    return xml_find(answer, path.data, out) == XML_FOUND && out->len > 0;
}

static bool all_ok(const struct values *values)
{
    return buf_ok(&values->access_key_id) && buf_ok(&values->secret_access_key) &&
           buf_ok(&values->session_token) && buf_ok(&values->expiration);
}

static bool find_all(struct text answer, const char *action, struct values *values)
{
    return find(answer, action, "AccessKeyId", &values->access_key_id) &&
           find(answer, action, "SecretAccessKey", &values->secret_access_key) &&
           find(answer, action, "SessionToken", &values->session_token) &&
           find(answer, action, "Expiration", &values->expiration);
}

/* Lack of memory is checked last, because it also looks like a field that is missing. */
dsql_status sts_response_credentials(struct text answer, const char *action,
                                     struct dsql_credentials *out)
{
    struct values values;
    int64_t expires_at = 0;
    dsql_status status = DSQL_ERR_CREDENTIALS;
    values_init(&values);
    if (find_all(answer, action, &values) &&
        rfc3339_parse(text_trim(buf_text(&values.expiration)), &expires_at)) {
        status = credentials_fill(out, buf_text(&values.access_key_id),
                                  buf_text(&values.secret_access_key),
                                  buf_text(&values.session_token), expires_at);
    }
    if (!all_ok(&values)) {
        status = DSQL_ERR_NOMEM;
    }
    values_clear(&values);
    return status;
}

/* A code may consist of parts with a point between them. */
static bool is_word(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_alnum(text.data[i]) && text.data[i] != '.') {
            return false;
        }
    }
    return text.len > 0;
}

void sts_response_error(struct text answer, struct sts_error *out)
{
    struct buf code AUTO_BUF;
    struct buf message AUTO_BUF;
    buf_init(&code, STS_CODE_SIZE - 1);
    buf_init_secret(&message, MAX_MESSAGE);
    *out = (struct sts_error){0};
    if (xml_find(answer, "ErrorResponse/Error/Code", &code) == XML_FOUND &&
        is_word(text_trim(buf_text(&code)))) {
        text_copy(text_trim(buf_text(&code)), out->code, sizeof out->code); /* it fits */
    }
    out->is_key_unreachable =
        xml_find(answer, "ErrorResponse/Error/Message", &message) == XML_FOUND &&
        text_contains(buf_text(&message), "verification key");
}
