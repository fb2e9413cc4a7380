/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The presigned request of a token, shared by token.c, which signs, and verify.c, which checks. */
#ifndef DSQL_TOKEN_PRESIGN_H
#define DSQL_TOKEN_PRESIGN_H

#include "sigv4/sigv4.h"
#include "token/token.h"

#define TOKEN_SERVICE "dsql"

/** Sets service, action and time; false for a time that SigV4 cannot write. */
bool token_presign_init(struct sigv4_presign *presign, enum token_action action, int64_t signed_at)
    __attribute__((warn_unused_result));

#endif
