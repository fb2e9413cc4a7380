/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Threads of the library's own. */
#ifndef DSQL_BASE_THREAD_H
#define DSQL_BASE_THREAD_H

#include <pthread.h>

/**
 * pthread_create() of a thread in which all signals are blocked: they are for the program's own
 * threads.  0 or an errno.
 */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
    __attribute__((warn_unused_result));

#endif
