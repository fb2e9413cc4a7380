/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs tokens with one provider's credentials, again and again.  It keeps a template (template.h)
 * for each of the last few clusters and actions, and the options that the last caller gave, so that
 * a program that asks again with the same options gets its token for the price of the signature.
 *
 * Belongs to the provider, whose lock protects it; see struct provider_companion.
 */
#ifndef DSQL_TOKEN_SIGNER_H
#define DSQL_TOKEN_SIGNER_H

#include "token/known_options.h"

struct token_signer;

/** NULL: out of memory, or a failing libcrypto. */
struct token_signer *token_signer_new(void) __attribute__((warn_unused_result));

/** Wipes and frees.  NULL does nothing.  The type is that of struct provider_companion. */
void token_signer_free(void *signer);

/** As token_make().  version: as in struct provider_user. */
dsql_status token_signer_sign(struct token_signer *signer, const struct token_request *request,
                              const struct dsql_credentials *credentials, uint64_t version,
                              char **token, int64_t *expires_at, dsql_error *err);

/** The options that the last caller gave; see known_options.h. */
struct known_options *token_signer_known_options(struct token_signer *signer);

#endif
