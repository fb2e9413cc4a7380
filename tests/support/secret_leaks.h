/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets are not told.  A test gives each of its secrets the word HUSH ("hush-token"),
 * and hands whatever was said to assert_discreet(): error messages, log lines, details.
 */
#ifndef TEST_SUPPORT_DISCREET_H
#define TEST_SUPPORT_DISCREET_H

#include <stdbool.h>

#define HUSH "hush"

/** NULL tells nothing. */
bool tells_secret(const char *text);

/** Fails the test when a secret is in it. */
void assert_discreet(const char *text);

#endif
