/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What an agent beside us answers with: that of a container, or of an instance. */
#ifndef DSQL_CREDENTIALS_AGENT_H
#define DSQL_CREDENTIALS_AGENT_H

#include "credentials/source.h"

/**
 * {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, in any case; "Code", if there
 * is one, must be "Success".  sent is the token that was sent, and who is named in messages.
 */
enum source_result agent_read_credentials(struct text body, struct text sent, const char *who,
                                          struct dsql_credentials *out, dsql_error *err);

/** A 200 whose body is no JSON: some agents give that while they start. */
bool agent_is_transient(const struct http_response *response);

enum { AGENT_CODE_SIZE = 65 };

/** The "code" of an error, if it is one plain word that is not out of the token; else "". */
void agent_error_code(struct text body, struct text sent, char code[AGENT_CODE_SIZE]);

/** For a request that got no answer. */
enum source_result agent_unreachable(dsql_status status, const char *who, const dsql_error *reason,
                                     dsql_error *err);

#endif
