/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Requests to an AWS service whose protocol is JSON, and the error code of its response. */
#ifndef DSQL_CREDENTIALS_SERVICE_SEND_H
#define DSQL_CREDENTIALS_SERVICE_SEND_H

#include "base/json.h"
#include "credentials/aws/service.h"

struct service_call {
    const struct service_endpoint *endpoint;
    const char *method;
    const char *path; /* with the query */
    const struct http_header *headers;
    size_t header_count;
    const struct json *body; /* NULL: none */
    int max_attempts;        /* 0: those of service_retry() */
};

/** DSQL_OK: an answer, whatever its status.  profile names the CA to trust; NULL: none. */
dsql_status service_send(const struct source_context *context, const struct profile *profile,
                         const struct service_call *call, struct http_response *response,
                         dsql_error *err);

enum { SERVICE_CODE_SIZE = 64 };

/**
 * The name of the refusal, from the header or the field "error" of the body.  Only a
 * single word counts, "" otherwise: nothing else of an answer belongs into a message.
 */
void service_error_code(const struct http_response *response, char code[SERVICE_CODE_SIZE]);

#endif
