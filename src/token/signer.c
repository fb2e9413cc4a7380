/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A template is good for one cluster, action, lifetime, day and version of the credentials.  When
 * none fits, the one that was used longest ago is filled anew.
 */
#include "token/signer.h"

#include "base/memory.h"
#include "token/make.h"

enum { TEMPLATES = 4 }; /* admin and another role, in two clusters */

struct prepared {
    bool is_filled;
    struct endpoint endpoint;
    enum token_action action;
    int64_t seconds; /* the lifetime that is signed */
    uint64_t version;
    uint64_t used; /* by the signer's count of uses */
    struct token_template template;
};

struct token_signer {
    struct sha256 hash;
    uint64_t uses;
    struct prepared prepared[TEMPLATES];
    struct known_options known;
};

struct token_signer *token_signer_new(void)
{
    struct token_signer *signer = mem_new(sizeof *signer);
    if (signer != NULL && !sha256_init(&signer->hash)) {
        mem_free(signer);
        return NULL;
    }
    return signer;
}

static void empty(struct prepared *prepared)
{
    if (prepared->is_filled) {
        token_template_clear(&prepared->template);
    }
    *prepared = (struct prepared){0};
}

void token_signer_free(void *arg)
{
    struct token_signer *signer = arg;
    if (signer == NULL) {
        return;
    }
    for (size_t i = 0; i < TEMPLATES; i++) {
        empty(&signer->prepared[i]);
    }
    sha256_clear(&signer->hash);
    mem_free(signer);
}

struct known_options *token_signer_known_options(struct token_signer *signer)
{
    return &signer->known;
}

static bool fits(const struct prepared *prepared, const struct token_request *request,
                 int64_t seconds, uint64_t version)
{
    return prepared->is_filled && prepared->version == version && prepared->seconds == seconds &&
           prepared->action == request->action &&
           token_template_covers(&prepared->template, request->now) &&
           text_equal_string(text_of(prepared->endpoint.host), request->endpoint->host) &&
           text_equal_string(text_of(prepared->endpoint.region), request->endpoint->region);
}

/* The one that fits, or else the one that was used longest ago. */
static struct prepared *choose(struct token_signer *signer, const struct token_request *request,
                               int64_t seconds, uint64_t version)
{
    struct prepared *oldest = &signer->prepared[0];
    for (size_t i = 0; i < TEMPLATES; i++) {
        struct prepared *prepared = &signer->prepared[i];
        if (fits(prepared, request, seconds, version)) {
            return prepared;
        }
        if (prepared->used < oldest->used) {
            oldest = prepared;
        }
    }
    empty(oldest);
    return oldest;
}

static dsql_status fill(struct prepared *prepared, struct sha256 *hash,
                        const struct token_request *request,
                        const struct dsql_credentials *credentials, int64_t seconds,
                        dsql_error *err)
{
    dsql_status status =
        token_fill_template(&prepared->template, hash, request, credentials, seconds, err);
    if (status == DSQL_OK) {
        prepared->endpoint = *request->endpoint;
        prepared->action = request->action;
        prepared->seconds = seconds;
        prepared->is_filled = true;
    }
    return status;
}

dsql_status token_signer_sign(struct token_signer *signer, const struct token_request *request,
                              const struct dsql_credentials *credentials, uint64_t version,
                              char **token, int64_t *expires_at, dsql_error *err)
{
    dsql_status status = token_check_request(request, credentials, err);
    if (status != DSQL_OK) {
        return status;
    }
    int64_t seconds = token_effective_seconds(request, credentials);
    struct prepared *prepared = choose(signer, request, seconds, version);
    if (!prepared->is_filled) {
        status = fill(prepared, &signer->hash, request, credentials, seconds, err);
        if (status != DSQL_OK) {
            return status;
        }
        prepared->version = version;
    }
    prepared->used = ++signer->uses;
    char *made = token_template_sign(&prepared->template, &signer->hash, request->now);
    if (made == NULL) {
        return token_fail_signing(credentials, err);
    }
    *token = made;
    if (expires_at != NULL) {
        *expires_at = request->now + seconds;
    }
    return DSQL_OK;
}
