/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The responses of an agent that runs next to the program: that of a container (container.c) or
 * of an instance (imds.c).  Nothing here sends a request.
 */
#ifndef DSQL_CREDENTIALS_AGENT_H
#define DSQL_CREDENTIALS_AGENT_H

#include "credentials/source.h"

/**
 * {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, in any case; "Code", if there
 * is one, must be "Success".  sent is the token that was sent, and who is named in messages.
 */
enum source_result agent_read_credentials(struct text body, struct text sent, const char *who,
                                          struct dsql_credentials *out, dsql_error *err);

/** A response with status 200 whose body is not JSON: some agents send that while they start. */
bool agent_is_transient(const struct http_response *response);

enum { AGENT_CODE_SIZE = 65 };

/** The "code" of an error, if it is a single word that is not part of the token; otherwise "". */
void agent_error_code(struct text body, struct text sent, char code[AGENT_CODE_SIZE]);

/** The failure of a request that got no response. reason is libcurl's, without a secret. */
enum source_result agent_unreachable(dsql_status status, const char *who, const dsql_error *reason,
                                     dsql_error *err);

#endif
