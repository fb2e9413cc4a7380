/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object with a lock does when the program forks.  A child has one thread, the
 * one that called fork(); whatever the others held or had begun stays so in the child,
 * unless it is repaired.
 *
 * An object registers a hook when it is made and removes it before it is freed:
 *
 *   before      in the parent, about to fork: takes the object's lock, so that no thread
 *               is in the middle of changing it
 *   in_parent   gives the lock back
 *   in_child    repairs what threads that are not here had begun (no thread fetches or
 *               waits; a condition variable with waiters is made anew with
 *               pthread_cond_init(), never destroyed), then gives the lock back
 *
 * Each of them may be NULL, is short, and calls nothing that takes another lock.  Hooks
 * are called newest first, with the registry locked: fork_hook_add() and
 * fork_hook_remove() are never called from one, nor with a lock held that one takes.
 * posix_spawn() calls none of them, and needs none.
 */
#ifndef DSQL_BASE_FORK_H
#define DSQL_BASE_FORK_H

#include <stdbool.h>

/** Stands in the object it is about; the first four are the owner's, all unchanging. */
struct fork_hook {
    void (*before)(void *arg);
    void (*in_parent)(void *arg);
    void (*in_child)(void *arg);
    void *arg;
    struct fork_hook *newer; /* the registry's */
    struct fork_hook *older;
};

/** Thread-safe.  False: out of memory. */
bool fork_hook_add(struct fork_hook *hook) __attribute__((warn_unused_result));

/** Thread-safe; in a child as well. */
void fork_hook_remove(struct fork_hook *hook);

/**
 * Calls visit for the arg of each hook with this before, which is of one kind of object, until it
 * returns true.  With the registry locked: no object goes away meanwhile, and visit may take the
 * object's lock as before does.
 */
void fork_hook_visit(void (*before)(void *arg), bool (*visit)(void *object, void *arg), void *arg);

#endif
