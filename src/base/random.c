/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See random.h. */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

bool random_bytes(void *out, size_t len)
{
    unsigned char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        len -= (size_t)got;
    }
    return true;
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
