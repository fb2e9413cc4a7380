/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings that must not outlive their use: secret keys, session tokens, login
 * tokens.  A struct secret owns its bytes and wipes them before giving them
 * back.  Nothing in the project formats one into a log line or an error.
 */
#ifndef DSQL_BASE_SECRET_H
#define DSQL_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *data; /* NUL-terminated, or NULL when there is none */
    size_t len;
};

/** Replaces the content by a copy of len bytes.  False: out of memory, and now empty. */
bool secret_set(struct secret *secret, const char *data, size_t len)
    __attribute__((warn_unused_result));

/** The same from a string; NULL and "" empty it. */
bool secret_set_string(struct secret *secret, const char *string)
    __attribute__((warn_unused_result));

/** Never NULL: "" when there is none.  Valid until the secret changes. */
const char *secret_string(const struct secret *secret);

bool secret_is_empty(const struct secret *secret);

/** Wipes and frees; the struct can be used again. */
void secret_clear(struct secret *secret);

/** Wipes and frees a heap string that was not in a struct secret. */
void secret_free_string(char *string);

/** Overwrites memory in a way no compiler leaves out. */
void secret_wipe(void *data, size_t len);

/**
 * Overwrites what the calls before have left of secrets where no variable is: in the vector
 * registers and in the stack below the caller, as deep as a login goes.  For a long-lived process.
 */
void secret_wipe_remains(void);

/** Equality in time that depends on the lengths only. */
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len);

#endif
