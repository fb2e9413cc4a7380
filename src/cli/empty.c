/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Keeps the program library from being empty until its first module is there. */
typedef int cli_has_no_code_yet;
