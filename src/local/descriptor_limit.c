/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit that was found is remembered here and not by the caller, because it belongs to the
 * process.  setrlimit() is safe between fork() and exec().
 */
#include "local/descriptor_limit.h"

#include <stdbool.h>
#include <sys/resource.h>

/* Two for each of 10000 connections, and as much again.  A hard limit may be a thousand millions.
 */
enum { ENOUGH = 65536 };

static struct rlimit found;
static bool is_raised;

void descriptor_limit_raise(void)
{
    if (getrlimit(RLIMIT_NOFILE, &found) != 0 || found.rlim_cur >= ENOUGH) {
        return;
    }
    struct rlimit raised = found;
    raised.rlim_cur = found.rlim_max < ENOUGH ? found.rlim_max : ENOUGH;
    is_raised = setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

void descriptor_limit_restore(void)
{
    if (is_raised) {
        setrlimit(RLIMIT_NOFILE, &found);
    }
}
