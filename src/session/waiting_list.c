/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A doubly linked list, so that a client leaves from the middle when it has logged in. */
#include "session/waiting_list.h"

#include <stddef.h>

void waiting_leave(struct waiting *waiting)
{
    struct waiting_list *list = waiting->list;
    if (list == NULL) {
        return;
    }
    *(waiting->older == NULL ? &list->oldest : &waiting->older->newer) = waiting->newer;
    *(waiting->newer == NULL ? &list->newest : &waiting->newer->older) = waiting->older;
    list->count--;
    *waiting = (struct waiting){.client = waiting->client};
}

void waiting_enter(struct waiting *waiting, struct waiting_list *list, int64_t now_ms)
{
    waiting_leave(waiting);
    waiting->list = list;
    waiting->since_ms = now_ms;
    waiting->older = list->newest;
    *(list->newest == NULL ? &list->oldest : &list->newest->newer) = waiting;
    list->newest = waiting;
    list->count++;
}

bool waiting_list_is_over(const struct waiting_list *list)
{
    return list->count > list->max;
}

int64_t waiting_list_delay_ms(const struct waiting_list *list, int64_t least_ms, int64_t now_ms)
{
    if (list->count < list->max || list->oldest == NULL) {
        return 0;
    }
    int64_t left_ms = list->oldest->since_ms + least_ms - now_ms;
    return left_ms > 0 ? left_ms : 0;
}
