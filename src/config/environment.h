/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment, read in this one place.  Callers copy what they keep: a later
 * setenv() by the program may move it.
 */
#ifndef DSQL_CONFIG_ENVIRONMENT_H
#define DSQL_CONFIG_ENVIRONMENT_H

/** The value, or NULL when unset, empty or only white space: AWS treats these alike. */
const char *environment_get(const char *name);

/** What libpq sees: it calls getenv(), also in a set-uid program, and "" is a value for it. */
const char *environment_raw(const char *name);

/** HOME, else the password database; NULL when there is neither.  Free with mem_free(). */
char *environment_home(void) __attribute__((warn_unused_result));

/**
 * The path in a variable (NULL: none), "~/" expanded; when it is not set, below_home under
 * the home; "" when there is no home.  NULL: out of memory.  Free with mem_free().
 */
char *environment_path(const char *variable, const char *below_home)
    __attribute__((warn_unused_result));

#endif
