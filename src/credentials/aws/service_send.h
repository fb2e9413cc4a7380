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
    int max_attempts;        /* 0: as service_retry() decides */
};

/**
 * DSQL_OK: there is a response, whatever its status. profile sets the certificates to trust and
 * the number of attempts; NULL: none.
 */
dsql_status service_send(const struct source_context *context, const struct profile *profile,
                         const struct service_call *call, struct http_response *response,
                         dsql_error *err);

enum { SERVICE_CODE_SIZE = 64 };

/**
 * The code of an error response, from the field "error" of the body or from the header.  Only a
 * single word counts, otherwise it is "": nothing else of a response may be part of a message.
 */
void service_error_code(const struct http_response *response, char code[SERVICE_CODE_SIZE]);

#endif
