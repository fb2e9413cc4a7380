/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in AWS_ACCESS_KEY_ID and its relatives.  AWS_CREDENTIAL_EXPIRATION is what
 * "aws configure export-credentials --format env" writes for those that end.
 *
 * The AWS SDKs and Tools Reference Guide, "AWS access keys", describes the other variables.  A
 * program that names a profile skips this source: it has asked for another identity.
 */
#include "config/environment.h"

#include "base/error.h"
#include "credentials/aws/rfc3339.h"
#include "credentials/source.h"
#include "credentials/sources/sources.h"

/*
 * An invalid expiration is an error: without it the credentials would count as permanent, and the
 * server would be the first to notice that they have expired.
 */
static enum source_result fetch_environment(const struct source_context *context,
                                            struct dsql_credentials *out, dsql_error *err)
{
    int64_t expires_at = 0;
    const char *id = environment_get("AWS_ACCESS_KEY_ID");
    const char *secret = environment_get("AWS_SECRET_ACCESS_KEY");
    const char *expiration = environment_get("AWS_CREDENTIAL_EXPIRATION");
    if (id == NULL || secret == NULL) {
        fail(err, DSQL_ERR_CREDENTIALS, "%s is not set",
             id == NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
        return SOURCE_NOT_CONFIGURED;
    }
    if (expiration != NULL && !rfc3339_parse(text_trim(text_of(expiration)), &expires_at)) {
        fail(err, DSQL_ERR_CREDENTIALS,
             "AWS_CREDENTIAL_EXPIRATION is not a valid time, such as 2024-08-27T00:00:00Z");
        return SOURCE_FAILED;
    }
    source_used(context, "keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    dsql_status status =
        credentials_fill(out, text_of(id), text_of(secret),
                         text_of(environment_get("AWS_SESSION_TOKEN")), expires_at);
    return source_filled(status, "environment", err);
}

const struct credentials_source credentials_source_environment = {
    .name = "environment",
    .is_skipped_for_profile = true,
    .fetch = fetch_environment,
};
