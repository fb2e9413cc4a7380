/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agents of a container and of an instance have in common: the response with the
 * credentials and its errors.  Of an error response only a code of letters and digits is passed
 * on, because anything else may quote the token that was sent.
 */
#include "credentials/sources/agent.h"

#include "base/error.h"
#include "base/json.h"
#include "credentials/aws/rfc3339.h"

/* Empty counts too: it means that there is no code. */
static bool is_word(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_alnum(text.data[i])) {
            return false;
        }
    }
    return true;
}

/* The token itself may consist of letters and digits, so a code that occurs in it is not shown. */
void agent_error_code(struct text body, struct text sent, char code[AGENT_CODE_SIZE])
{
    struct json *json AUTO_JSON = json_parse(body);
    struct text given = text_of(json_get_string_nocase(json, "code"));
    code[0] = '\0';
    if (is_word(given) && text_copy(given, code, AGENT_CODE_SIZE) && text_contains(sent, code)) {
        code[0] = '\0';
    }
}

bool agent_is_transient(const struct http_response *response)
{
    struct json *json AUTO_JSON = json_parse(buf_text(&response->body));
    return response->status == HTTP_OK && json == NULL;
}

/* The metadata service answers 200 also when it has no credentials; "Code" is then the reason. */
static enum source_result refused(struct text body, struct text sent, const char *who,
                                  dsql_error *err)
{
    char code[AGENT_CODE_SIZE];
    agent_error_code(body, sent, code);
    if (text_equal_string(text_of(code), "AssumeRoleUnauthorizedAccess")) {
        return source_failed(
            err,
            "%s cannot assume its role (%s). Check that the role's trust policy names "
            "the service",
            who, code);
    }
    return source_failed(err, "%s has no credentials at the moment: %s", who,
                         code[0] == '\0' ? "it gave no reason" : code);
}

/*
 * Token and Expiration are required here: the credentials of an agent are always temporary, and
 * without an expiration they would count as permanent.
 */
static const char *missing_field(const struct json *json)
{
    static const char *const fields[] = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (text_is_empty(text_of(json_get_string_nocase(json, fields[i])))) {
            return fields[i];
        }
    }
    return NULL;
}

enum source_result agent_read_credentials(struct text body, struct text sent, const char *who,
                                          struct dsql_credentials *out, dsql_error *err)
{
    int64_t expires_at = 0;
    struct json *json AUTO_JSON = json_parse(body);
    if (json == NULL) {
        return source_failed(err, "%s sent a response that is not a JSON object", who);
    }
    const char *code = json_get_string_nocase(json, "Code");
    if (code != NULL && !text_equal_nocase(text_of(code), text_of("Success"))) {
        return refused(body, sent, who, err);
    }
    const char *missing = missing_field(json);
    if (missing != NULL) {
        return source_failed(err, "%s sent a response without %s", who, missing);
    }
    if (!rfc3339_parse(text_of(json_get_string_nocase(json, "Expiration")), &expires_at)) {
        return source_failed(err, "%s returned an invalid Expiration", who);
    }
    dsql_status status =
        credentials_fill(out, text_of(json_get_string_nocase(json, "AccessKeyId")),
                         text_of(json_get_string_nocase(json, "SecretAccessKey")),
                         text_of(json_get_string_nocase(json, "Token")), expires_at);
    return source_filled(status, who, err);
}

/* Lack of memory keeps its status; everything else is a failure of the credentials. */
enum source_result agent_unreachable(dsql_status status, const char *who, const dsql_error *reason,
                                     dsql_error *err)
{
    if (status == DSQL_ERR_NOMEM) {
        fail_nomem(err);
        return SOURCE_FAILED;
    }
    return source_failed(err, "could not reach %s: %s", who, reason->message);
}
