/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/session_lifetime.h"

enum { CHECKS_IN_GRACE = 16 };

enum session_lifetime_step session_lifetime_next(const struct session_lifetime *lifetime)
{
    if (lifetime->over_age_ms < 0) {
        return SESSION_LIFETIME_KEEP;
    }
    if (lifetime->is_pinned) {
        return lifetime->over_age_ms >= lifetime->grace_ms ? SESSION_LIFETIME_END
                                                           : SESSION_LIFETIME_KEEP;
    }
    bool is_late = lifetime->over_age_ms >= lifetime->grace_ms / 2;
    return is_late && lifetime->may_move ? SESSION_LIFETIME_LEAVE : SESSION_LIFETIME_ASK;
}

int64_t session_lifetime_wake_ms(const struct session_lifetime *lifetime)
{
    return lifetime->over_age_ms < 0 ? -lifetime->over_age_ms
                                     : lifetime->grace_ms / CHECKS_IN_GRACE + 1;
}
