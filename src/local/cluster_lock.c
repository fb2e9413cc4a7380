/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * fcntl() locks and not flock(): F_GETLK tells which process holds the lock, and a lock is not
 * inherited by fork(), so PostgreSQL, a child of the daemon, does not keep it.
 */
#include "local/cluster_lock.h"

#include "base/error.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

/* There is no function to release it: the kernel does, when the process ends for any reason. */
dsql_status cluster_lock_take(const struct cluster *cluster, dsql_error *err)
{
    /* Stays open: closing any descriptor of the file would drop the lock (fcntl(2)). */
    int fd = open(cluster->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not open \"%s\"", cluster->lock);
    }
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &lock) != 0) {
        close(fd);
        return fail(err, DSQL_ERR_USAGE,
                    "another process is starting or running the cluster in \"%s\"", cluster->dir);
    }
    return DSQL_OK;
}

/*
 * Must not be called by the daemon itself, whose own lock it would drop by closing the
 * descriptor.
 */
pid_t cluster_lock_holder(const struct cluster *cluster)
{
    int fd = open(cluster->lock, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    /* F_GETLK reports a lock that conflicts with this one, and the process that holds it. */
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    bool is_held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return is_held ? lock.l_pid : 0;
}
