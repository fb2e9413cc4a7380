/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers come from outside, like the time: jitter takes a source, so that tests are
 * exact.
 */
#ifndef DSQL_BASE_RANDOM_H
#define DSQL_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random_source {
    uint64_t (*next)(void *arg); /* 64 uniformly distributed bits; thread-safe */
    void *arg;
};

/** The kernel's generator; static, never NULL. */
const struct random_source *random_system(void);

/** Uniform in [0, limit]; 0 for limit <= 0. */
int64_t random_up_to(const struct random_source *source, int64_t limit);

/** Fills a place with the kernel's random bytes, fit for keys.  False: it could not. */
bool random_bytes(void *out, size_t len) __attribute__((warn_unused_result));

#endif
