/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals are not counted: whoever is woken looks at the state that the pool's lock guards.  So a
 * write that fails because the pipe is full is no loss.  read() and write() are cancellation
 * points, and the caller may hold the pool's lock.
 */
#include "pool/wakeup.h"

#include "base/cancellation.h"
#include "base/platform.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

bool wakeup_open(struct wakeup *wakeup)
{
    if (wakeup->ends[0] >= 0) {
        return true;
    }
    if (platform_wakeup(wakeup->ends) == 0) {
        return true;
    }
    *wakeup = (struct wakeup)WAKEUP_NONE;
    return false;
}

/* An eventfd is both ends. */
void wakeup_close(struct wakeup *wakeup)
{
    if (wakeup->ends[0] < 0) {
        return;
    }
    close(wakeup->ends[0]);
    if (wakeup->ends[1] != wakeup->ends[0]) {
        close(wakeup->ends[1]);
    }
    *wakeup = (struct wakeup)WAKEUP_NONE;
}

void wakeup_signal(const struct wakeup *wakeup)
{
    HOLD_CANCELLATION();
    int os_errno = errno;
    const uint64_t one = 1;
    ssize_t written = write(wakeup->ends[1], &one, sizeof one);
    (void)written;
    errno = os_errno;
}

void wakeup_clear(const struct wakeup *wakeup)
{
    HOLD_CANCELLATION();
    int os_errno = errno;
    uint64_t ignored = 0;
    while (wakeup->ends[0] >= 0 && read(wakeup->ends[0], &ignored, sizeof ignored) > 0) {
    }
    errno = os_errno;
}
