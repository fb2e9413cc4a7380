/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * exit() while other threads use TLS.  OpenSSL frees its state in an atexit() handler, and a
 * thread that connects in that moment, such as a pool's, crashes the process at its end.
 */
#ifndef DSQL_BASE_CRYPTO_EXIT_H
#define DSQL_BASE_CRYPTO_EXIT_H

/**
 * From now on OpenSSL keeps its state until the process is gone.  Called before the library's
 * first use of OpenSSL; without effect if the program has initialised OpenSSL by itself before.
 */
void crypto_outlive_exit(void);

#endif
