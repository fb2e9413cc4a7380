/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/capacity.h"
#include "session/waiting_list.h"
#include "unit.h"

/* The descriptors that are in use when every list is full. */
static long used(struct capacity capacity)
{
    return (long)WAITING_EARLY_STAGES * capacity.waiting + 2L * capacity.cancels +
           capacity.connections + capacity.servers;
}

static void descriptors_are_never_used_up(void **state)
{
    (void)state;
    for (long descriptors = 100; descriptors < 100000; descriptors += 37) {
        struct capacity capacity = capacity_for(descriptors, 10000, -1);
        assert_in_range(used(capacity), 1, descriptors - CAPACITY_RESERVE);
        assert_true(capacity.servers >= capacity.connections);
        assert_in_range(capacity.passwords, 1, capacity.connections);
        assert_true(capacity.waiting >= 1 && capacity.cancels >= 1);
    }
}

static void limits_of_the_service_are_kept_when_they_fit(void **state)
{
    (void)state;
    assert_int_equal(capacity_for(-1, 10000, -1).connections, 10000);
    assert_int_equal(capacity_for(65536, 10000, -1).connections, 10000);
    assert_int_equal(capacity_for(65536, 10000, -1).waiting, CAPACITY_MAX_WAITING);
    assert_int_equal(capacity_for(65536, 10000, -1).passwords, CAPACITY_MAX_PASSWORDS);
    assert_int_equal(capacity_for(65536, 1, -1).connections, 1);
    assert_int_equal(capacity_for(65536, 1, -1).passwords, 1);
    assert_true(capacity_for(65536, -1, -1).connections > 10000);
}

/* As many clients as there are descriptors beside those of the servers. */
static void shared_servers_leave_room_for_clients(void **state)
{
    (void)state;
    for (long descriptors = 100; descriptors < 100000; descriptors += 37) {
        struct capacity capacity = capacity_for(descriptors, 10000, 40);
        assert_in_range(used(capacity), 1, descriptors - CAPACITY_RESERVE);
        assert_true(capacity.servers >= 1 && capacity.connections >= 1);
        assert_true(capacity.connections >= capacity_for(descriptors, 10000, -1).connections);
    }
    /* With 20,000 descriptors, two for each client were enough for 7,480. */
    assert_int_equal(capacity_for(20000, 10000, 1000).connections, 10000);
    assert_true(capacity_for(20000, 10000, 1000).servers >= 1000);
    assert_true(capacity_for(1024, 10000, 40).connections > 400);
    assert_true(capacity_for(1024, 10000, 40).servers >= 40);
}

static void usual_soft_limit_leaves_room_for_sessions(void **state)
{
    (void)state;
    struct capacity capacity = capacity_for(1024, 10000, -1);
    assert_true(capacity.waiting >= 100 && capacity.connections >= 200);
}

static void too_few_descriptors_leave_one_of_each(void **state)
{
    (void)state;
    struct capacity capacity = capacity_for(10, 10000, -1);
    assert_int_equal(capacity.waiting, 1);
    assert_int_equal(capacity.connections, 1);
    assert_int_equal(capacity.passwords, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_never_used_up),
        cmocka_unit_test(limits_of_the_service_are_kept_when_they_fit),
        cmocka_unit_test(shared_servers_leave_room_for_clients),
        cmocka_unit_test(usual_soft_limit_leaves_room_for_sessions),
        cmocka_unit_test(too_few_descriptors_leave_one_of_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
