/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The kernel's generator (platform.c); tests put a sequence of their own in its place. */
#include "base/random.h"

#include "base/platform.h"

bool random_bytes(void *out, size_t len)
{
    return platform_random_bytes(out, len);
}

static uint64_t system_next(void *arg)
{
    (void)arg;
    uint64_t bits = 0;
    /* Without a kernel source there is no jitter, which is harmless. */
    return random_bytes(&bits, sizeof bits) ? bits : 0;
}

const struct random_source *random_system(void)
{
    static const struct random_source system = {.next = system_next};
    return &system;
}

int64_t random_up_to(const struct random_source *source, int64_t limit)
{
    if (limit <= 0) {
        return 0;
    }
    /* The bias of the modulo is 2^-40 for the milliseconds this is used for. */
    return (int64_t)(source->next(source->arg) % ((uint64_t)limit + 1));
}
