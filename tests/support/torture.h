/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes allocations of the library fail, one after the other.  The linker replaces calloc() and
 * realloc() (--wrap), so the library contains no code for tests.  Allocations of libpq, libcurl,
 * OpenSSL and jansson are not affected.
 */
#ifndef TEST_SUPPORT_TORTURE_H
#define TEST_SUPPORT_TORTURE_H

#include <dsql.h>

enum torture { TORTURE_ONE, TORTURE_ALL_FROM_THERE };

/** One run of the code under test, with its status and error. */
typedef dsql_status (*torture_fn)(dsql_error *err);

/**
 * Runs it repeatedly: first the first allocation fails, then the second, and so on, until none
 * fails.  Each run must return DSQL_ERR_NOMEM, or the other status (DSQL_OK: no other), or succeed
 * without the memory.  The first run, in which nothing fails, must succeed.  Otherwise the test
 * fails.
 */
void torture(const char *name, torture_fn run, dsql_status other);

#endif
