/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "pool/wakeup.h"
#include "unit.h"

#include <pthread.h>
#include <stdbool.h>

struct signals {
    struct wakeup wakeup;
    bool were_made;
};

/* A pool signals with its lock held. */
static void *signal_when_canceled(void *arg)
{
    struct signals *signals = arg;
    pthread_cancel(pthread_self());
    wakeup_signal(&signals->wakeup);
    wakeup_clear(&signals->wakeup);
    signals->were_made = true;
    pthread_testcancel();
    return NULL;
}

static void a_cancellation_takes_effect_later(void **state)
{
    (void)state;
    struct signals signals = {.wakeup = WAKEUP_NONE};
    assert_true(wakeup_open(&signals.wakeup));
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, signal_when_canceled, &signals), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_true(signals.were_made);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    wakeup_close(&signals.wakeup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cancellation_takes_effect_later)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
