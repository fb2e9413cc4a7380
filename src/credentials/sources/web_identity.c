/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A role that is assumed with a token in a file, as Kubernetes sets it up (IAM roles for service
 * accounts); IAM User Guide, "OIDC federation".  The token is read for each fetch, because the
 * kubelet replaces it.
 */
#include "base/error.h"
#include "base/memory.h"
#include "config/environment.h"
#include "credentials/aws/sts.h"
#include "credentials/profile.h"
#include "credentials/sources/sources.h"

/* Copies, because a fetch takes time and another thread may call setenv() meanwhile. */
struct variables {
    char *token_file;
    char *role_arn;
    char *session_name; /* NULL: none */
};

/* False: out of memory.  A variable that is not set is NULL and not a failure. */
static bool copy_variable(const char *name, char **out)
{
    const char *value = environment_get(name);
    *out = mem_strdup(value);
    return value == NULL || *out != NULL;
}

static bool read_variables(struct variables *out)
{
    return copy_variable("AWS_WEB_IDENTITY_TOKEN_FILE", &out->token_file) &&
           copy_variable("AWS_ROLE_ARN", &out->role_arn) &&
           copy_variable("AWS_ROLE_SESSION_NAME", &out->session_name);
}

static void clear_variables(struct variables *variables)
{
    mem_free(variables->token_file);
    mem_free(variables->role_arn);
    mem_free(variables->session_name);
}

/* The profile may set the region and the endpoint of STS. It need not exist. */
static enum source_result assume_role(const struct source_context *context,
                                      const struct variables *variables,
                                      struct dsql_credentials *out, dsql_error *err)
{
    const struct sts_role role = {
        .role_arn = variables->role_arn,
        .session_name = variables->session_name,
    };
    struct chosen_profile chosen;
    if (profile_choose(context->profile, context->files, &chosen, err) != DSQL_OK) {
        return SOURCE_FAILED;
    }
    source_used(context, "role %s, with the token in %s", role.role_arn, variables->token_file);
    enum source_result result = sts_assume_role_with_web_identity(context, &chosen.profile, &role,
                                                                  variables->token_file, out, err);
    profile_clear(&chosen);
    return result;
}

/* Both variables are required; AWS_ROLE_ARN alone is often set for other purposes. */
static enum source_result fetch_variables(const struct source_context *context,
                                          const struct variables *variables,
                                          struct dsql_credentials *out, dsql_error *err)
{
    if (variables->token_file == NULL || variables->role_arn == NULL) {
        fail(err, DSQL_ERR_CREDENTIALS, "%s is not set",
             variables->token_file == NULL ? "AWS_WEB_IDENTITY_TOKEN_FILE" : "AWS_ROLE_ARN");
        return SOURCE_NOT_CONFIGURED;
    }
    return assume_role(context, variables, out, err);
}

static enum source_result fetch_web_identity(const struct source_context *context,
                                             struct dsql_credentials *out, dsql_error *err)
{
    struct variables variables = {0};
    enum source_result result = SOURCE_FAILED;
    if (read_variables(&variables)) {
        result = fetch_variables(context, &variables, out, err);
    } else {
        fail_nomem(err);
    }
    clear_variables(&variables);
    return result;
}

const struct credentials_source credentials_source_web_identity = {
    .name = "web identity",
    .fetch = fetch_web_identity,
};
