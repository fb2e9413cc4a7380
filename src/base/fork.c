/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The only state of the library that is global: pthread_atfork() cannot be undone, so it is
 * called once, and the objects are kept in a list.
 *
 * The lock of the registry is taken before the locks of the objects (see fork.h).
 */
#include "base/fork.h"

#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Guarded by lock: */
static bool is_registered;
static struct fork_hook *newest;

/* The registry stays locked over the fork, so the child gets a list that is whole. */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
    for (struct fork_hook *hook = newest; hook != NULL; hook = hook->older) {
        if (hook->before != NULL) {
            hook->before(hook->arg);
        }
    }
}

static void after_fork_in_parent(void)
{
    for (struct fork_hook *hook = newest; hook != NULL; hook = hook->older) {
        if (hook->in_parent != NULL) {
            hook->in_parent(hook->arg);
        }
    }
    pthread_mutex_unlock(&lock);
}

/* The thread that forked holds the lock, and it is the one that lives on in the child. */
static void after_fork_in_child(void)
{
    for (struct fork_hook *hook = newest; hook != NULL; hook = hook->older) {
        if (hook->in_child != NULL) {
            hook->in_child(hook->arg);
        }
    }
    pthread_mutex_unlock(&lock);
}

/* The newest hook is the first of the list. */
bool fork_hook_add(struct fork_hook *hook)
{
    pthread_mutex_lock(&lock);
    if (!is_registered) {
        is_registered = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
    }
    bool is_added = is_registered;
    if (is_added) {
        hook->newer = NULL;
        hook->older = newest;
        if (newest != NULL) {
            newest->newer = hook;
        }
        newest = hook;
    }
    pthread_mutex_unlock(&lock);
    return is_added;
}

void fork_hook_remove(struct fork_hook *hook)
{
    pthread_mutex_lock(&lock);
    if (hook->newer != NULL) {
        hook->newer->older = hook->older;
    } else {
        newest = hook->older;
    }
    if (hook->older != NULL) {
        hook->older->newer = hook->newer;
    }
    pthread_mutex_unlock(&lock);
}

void fork_hook_visit(void (*before)(void *arg), bool (*visit)(void *object, void *arg), void *arg)
{
    pthread_mutex_lock(&lock);
    struct fork_hook *hook = newest;
    while (hook != NULL && (hook->before != before || !visit(hook->arg, arg))) {
        hook = hook->older;
    }
    pthread_mutex_unlock(&lock);
}
