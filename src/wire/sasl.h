/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages that carry SASL, in both directions.  What is in them is the mechanism's own
 * (session/scram_*).  Source: PostgreSQL manual, "Message Formats" and "SASL Authentication".
 */
#ifndef DSQL_WIRE_SASL_H
#define DSQL_WIRE_SASL_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/** Authentication codes, beside those in backend.h. */
enum {
    AUTHENTICATION_SASL = 10,
    AUTHENTICATION_SASL_CONTINUE = 11,
    AUTHENTICATION_SASL_FINAL = 12
};

enum { SASL_MECHANISMS_MAX = 16 };

/** AuthenticationSASL: the names of the mechanisms, the preferred one first. */
void sasl_write_mechanisms(struct buf *out, const struct text *names, size_t count);
/**
 * Reads the body of an AuthenticationSASL.  False: not valid, or more than SASL_MECHANISMS_MAX.
 * The names point into the body.
 */
bool sasl_parse_mechanisms(struct text body, struct text names[SASL_MECHANISMS_MAX], size_t *count);

/** AuthenticationSASLContinue or AuthenticationSASLFinal, by code. */
void sasl_write_data(struct buf *out, uint32_t code, struct text data);
/** Reads the body of either.  False: it is another authentication message. */
bool sasl_parse_data(struct text body, uint32_t code, struct text *data);

/** What a client sends first.  Without has_data it waits for an empty challenge. */
struct sasl_initial {
    struct text mechanism;
    struct text data;
    bool has_data;
};

/** SASLInitialResponse. */
void sasl_write_initial(struct buf *out, const struct sasl_initial *initial);
/** Reads the body of a SASLInitialResponse.  The texts point into it. */
bool sasl_parse_initial(struct text body, struct sasl_initial *out);

/** SASLResponse, whose body is the data itself. */
void sasl_write_response(struct buf *out, struct text data);

#endif
