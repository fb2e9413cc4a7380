/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/waiting_list.h"
#include "unit.h"

enum { CLIENTS = 4 };

struct world {
    struct waiting_list first;
    struct waiting_list second;
    struct waiting waiting[CLIENTS];
};

static void enter_all(struct world *world)
{
    *world = (struct world){.first = {.max = 3}, .second = {.max = 1}};
    for (int i = 0; i < CLIENTS; i++) {
        waiting_enter(&world->waiting[i], &world->first, 100 * i);
    }
}

static void oldest_is_the_one_that_came_first(void **state)
{
    (void)state;
    struct world world;
    enter_all(&world);
    assert_true(waiting_list_is_over(&world.first));
    assert_ptr_equal(world.first.oldest, &world.waiting[0]);
    waiting_leave(&world.waiting[0]);
    assert_false(waiting_list_is_over(&world.first));
    assert_ptr_equal(world.first.oldest, &world.waiting[1]);
}

static void any_may_leave_and_twice(void **state)
{
    (void)state;
    struct world world;
    enter_all(&world);
    waiting_leave(&world.waiting[2]);
    waiting_leave(&world.waiting[2]);
    assert_int_equal(world.first.count, 3);
    waiting_leave(&world.waiting[3]);
    assert_ptr_equal(world.first.newest, &world.waiting[1]);
    waiting_leave(&world.waiting[0]);
    waiting_leave(&world.waiting[1]);
    assert_null(world.first.oldest);
    assert_null(world.first.newest);
    assert_int_equal(world.first.count, 0);
}

static void one_that_goes_on_leaves_its_list(void **state)
{
    (void)state;
    struct world world;
    enter_all(&world);
    waiting_enter(&world.waiting[0], &world.second, 500);
    assert_ptr_equal(world.first.oldest, &world.waiting[1]);
    assert_int_equal(world.first.count, 3);
    assert_ptr_equal(world.second.oldest, &world.waiting[0]);
    assert_false(waiting_list_is_over(&world.second));
}

static void each_has_a_least_time(void **state)
{
    (void)state;
    struct world world;
    enter_all(&world);
    waiting_leave(&world.waiting[0]); /* full: the oldest came at 100 */
    assert_int_equal(waiting_list_delay_ms(&world.first, 1000, 300), 800);
    assert_int_equal(waiting_list_delay_ms(&world.first, 1000, 1100), 0);
    assert_int_equal(waiting_list_delay_ms(&world.first, 1000, 5000), 0);
    waiting_leave(&world.waiting[1]);
    assert_int_equal(waiting_list_delay_ms(&world.first, 1000, 300), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oldest_is_the_one_that_came_first),
        cmocka_unit_test(any_may_leave_and_twice),
        cmocka_unit_test(one_that_goes_on_leaves_its_list),
        cmocka_unit_test(each_has_a_least_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
