/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator that fails when it is told to.  The linker puts it between the library and
 * the real one (--wrap), so that the library has nothing in it for the sake of tests; what
 * libpq, libcurl, OpenSSL and jansson allocate stays real.
 */
#ifndef TEST_SUPPORT_TORTURE_H
#define TEST_SUPPORT_TORTURE_H

#include <dsql.h>

enum torture { TORTURE_ONE, TORTURE_ALL_FROM_THERE };

/** One run of what is tortured; its status, and the error as the caller would get it. */
typedef dsql_status (*torture_fn)(dsql_error *err);

/**
 * Runs it again and again, with the first allocation failing, the second, and so on, until
 * none fails any more.  Each time it must say DSQL_ERR_NOMEM, or fail cleanly with the other
 * status given (DSQL_OK: none), or succeed without what it could not have; before and
 * afterwards it must succeed.  Fails the test otherwise.
 */
void torture(const char *name, torture_fn run, dsql_status other);

#endif
