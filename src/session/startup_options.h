/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The startup parameter "options" taken apart: it holds command line options of the
 * server, such as "-c search_path=app --statement_timeout=5s".  Whether a setting is
 * allowed is the caller's decision.
 */
#ifndef DSQL_SESSION_STARTUP_OPTIONS_H
#define DSQL_SESSION_STARTUP_OPTIONS_H

#include "base/buf.h"
#include "base/text.h"

struct startup_options {
    struct text rest; /* not read yet; the caller's bytes */
    struct buf word;  /* the option read last, without its backslashes */
};

enum startup_option {
    STARTUP_OPTION_END,
    STARTUP_OPTION_SETTING, /* -c name=value, -cname=value or --name=value */
    STARTUP_OPTION_OTHER
};

void startup_options_init(struct startup_options *options, struct text value);
void startup_options_clear(struct startup_options *options);

/**
 * Reads the next option.  *out is "name=value" of a setting, possibly empty or without a
 * value; otherwise the whole option.  It is valid until the next call.
 */
enum startup_option startup_options_next(struct startup_options *options, struct text *out);

/** False if memory ran out, which ends the options early. */
bool startup_options_ok(const struct startup_options *options);

#endif
