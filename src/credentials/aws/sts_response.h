/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The responses of AWS STS in XML: credentials, or the code of an error.  Nothing here is sent. */
#ifndef DSQL_CREDENTIALS_STS_RESPONSE_H
#define DSQL_CREDENTIALS_STS_RESPONSE_H

#include "credentials/credentials.h"

enum { STS_CODE_SIZE = 64 };

struct sts_error {
    char code[STS_CODE_SIZE]; /* "AccessDenied"; "" when the answer has none that is a word */
    bool is_key_unreachable;  /* the token's issuer did not give STS the key to check it with */
};

/**
 * The credentials in the answer to an action ("AssumeRole").  DSQL_ERR_CREDENTIALS: they
 * are not there, or not whole; DSQL_ERR_USAGE: not usable as credentials; DSQL_ERR_NOMEM.
 */
dsql_status sts_response_credentials(struct text answer, const char *action,
                                     struct dsql_credentials *out);

/**
 * Fills *out; a response that is not XML gives an empty code.  The message is not kept, because
 * for a bad signature it contains what was signed, including the session token.
 */
void sts_response_error(struct text answer, struct sts_error *out);

#endif
