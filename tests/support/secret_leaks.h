/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds secrets in texts that must not contain any: error messages, log lines, details.  Each
 * secret of a test contains SECRET_MARK, as in "hush-token".
 */
#ifndef TEST_SUPPORT_SECRET_LEAKS_H
#define TEST_SUPPORT_SECRET_LEAKS_H

#include <stdbool.h>

#define SECRET_MARK "hush"

/** False for NULL. */
bool contains_secret(const char *text);

/** Fails the test if the text contains a secret. */
void assert_no_secret(const char *text);

#endif
