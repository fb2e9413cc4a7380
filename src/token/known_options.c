/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The strings that matter to a token are compared by their contents.  All other fields are compared
 * as they are: one that has changed may be invalid, which the caller must hear.
 */
#include "token/known_options.h"

#include "config/environment.h"
#include "config/privatelink.h"

static dsql_options without_strings(const dsql_options *options)
{
    dsql_options bare = *options;
    bare.host = NULL;
    bare.region = NULL;
    bare.user = NULL;
    return bare;
}

static bool is_given(const char *string)
{
    return string != NULL && string[0] != '\0';
}

static struct text user_of(const dsql_options *options)
{
    return text_of(is_given(options->user) ? options->user : environment_get("PGUSER"));
}

/* The region may come from the environment otherwise, and connection strings have more to say. */
static bool is_complete(const dsql_options *options, const struct token_request *request)
{
    struct text region;
    return options->struct_size == sizeof *options && options->conninfo == NULL &&
           options->pq_keywords == NULL && is_given(options->host) &&
           !privatelink_is_host(options->host) &&
           (is_given(options->region) ||
            endpoint_region_of_host(text_of(request->endpoint->host), &region));
}

void known_options_set(struct known_options *known, const dsql_options *options,
                       const struct token_request *request)
{
    *known = (struct known_options){.endpoint = *request->endpoint, .request = *request};
    known->request.endpoint = &known->endpoint;
    known->is_known = is_complete(options, request) &&
                      text_copy(text_of(options->host), known->host, sizeof known->host) &&
                      text_copy(text_of(options->region), known->region, sizeof known->region) &&
                      text_copy(user_of(options), known->user, sizeof known->user);
    if (known->is_known) {
        known->options = without_strings(options);
    }
}

/* struct_size comes first: a shorter struct of an older caller cannot be copied whole. */
const struct token_request *known_options_request(const struct known_options *known,
                                                  const dsql_options *options)
{
    if (!known->is_known || options->struct_size != sizeof *options) {
        return NULL;
    }
    const dsql_options bare = without_strings(options);
    bool is_same = text_equal(text_of_bytes(&bare, sizeof bare),
                              text_of_bytes(&known->options, sizeof known->options)) &&
                   text_equal_string(text_of(options->host), known->host) &&
                   text_equal_string(text_of(options->region), known->region) &&
                   text_equal_string(user_of(options), known->user);
    return is_same ? &known->request : NULL;
}
