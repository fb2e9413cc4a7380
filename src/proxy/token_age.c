/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is renewed when a third of its life is left, so a failure to renew it can last for
 * minutes before a client notices.  The last tenth is not used, but for at most a minute: TLS and a
 * slow server are between the check here and that of the server.
 */
#include "proxy/token_age.h"

enum { UNUSED_MAX_S = 60 };

static int64_t life_s(const struct token_age *age)
{
    return age->expires_s - age->made_s;
}

bool token_age_is_usable(const struct token_age *age, int64_t now_s)
{
    int64_t unused_s = life_s(age) / 10;
    unused_s = unused_s < UNUSED_MAX_S ? unused_s : UNUSED_MAX_S;
    return now_s < age->expires_s - unused_s;
}

/* A clock that was set back does not delay the renewal by more than the token's life. */
int64_t token_age_renew_in_s(const struct token_age *age, int64_t now_s)
{
    int64_t at_s = age->made_s + life_s(age) * 2 / 3;
    int64_t left_s = at_s - now_s;
    if (left_s > life_s(age)) {
        return life_s(age);
    }
    return left_s > 0 ? left_s : 0;
}
