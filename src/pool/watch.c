/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "pool/watch.h"

#include <unistd.h>

bool watch_end(struct watch *watch)
{
    bool has_fired = watch->has_fired;
    if (watch->socket >= 0) {
        close(watch->socket);
    }
    *watch = (struct watch){.socket = -1};
    return has_fired;
}
