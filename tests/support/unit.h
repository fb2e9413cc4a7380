/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* cmocka, after the headers that must be included before it. */
#ifndef DSQL_TESTS_UNIT_H
#define DSQL_TESTS_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* 2.0 has deprecated names that 1.1, of Debian 12, has no others for. */
#define CMOCKA_DISABLE_DEPRECATION_WARNINGS
#include <cmocka.h>
#undef stop /* of 2.0: a name that tests have for their own functions */
/* clang-format on */

#endif
