/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * fcntl() locks and not flock(): F_GETLK tells which process holds the lock, a byte can be locked
 * by itself, and a lock is not inherited by fork(), so PostgreSQL, a child of the daemon, does not
 * keep it.
 */
#include "local/cluster_lock.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool set_byte(int fd, enum cluster_phase byte, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_SETLK, &lock) == 0;
}

bool cluster_lock_is_in_place(const struct cluster *cluster, const struct cluster_lock *lock)
{
    struct stat own;
    struct stat current;
    if (fstat(lock->fd, &own) != 0) {
        return false;
    }
    if (stat(cluster->lock, &current) != 0) {
        return errno != ENOENT; /* a directory above may be closed for a moment */
    }
    return own.st_ino == current.st_ino && own.st_dev == current.st_dev;
}

bool cluster_lock_is_busy(const dsql_error *err)
{
    return err->status == DSQL_ERR_USAGE && err->os_errno == EAGAIN;
}

dsql_status cluster_lock_fail_busy(const struct cluster *cluster, dsql_error *err)
{
    fail(err, DSQL_ERR_USAGE,
         "another process is starting, running or deleting the cluster in "
         "\"%s\"",
         cluster->dir);
    if (err != NULL) {
        err->os_errno = EAGAIN;
    }
    return DSQL_ERR_USAGE;
}

/* A mode that was changed by hand is restored, as that of the directories is. */
static int open_lock(const struct cluster *cluster)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    struct stat info;
    int fd = open(cluster->lock, flags, 0644);
    if (fd < 0 && errno == EACCES && lstat(cluster->lock, &info) == 0 && S_ISREG(info.st_mode) &&
        chmod(cluster->lock, 0644) == 0) {
        fd = open(cluster->lock, flags, 0644);
    }
    return fd;
}

/*
 * There is no function to release it: the kernel does, when the process ends for any reason.  A
 * process that deletes the cluster removes the file before it ends, so after the lock is taken, it
 * may be that of a deleted file, which nobody else would ask.
 */
dsql_status cluster_lock_take(const struct cluster *cluster, struct cluster_lock *lock,
                              dsql_error *err)
{
    /* Stays open: closing any descriptor of the file would drop the lock (fcntl(2)). */
    lock->fd = open_lock(cluster);
    lock->phase = CLUSTER_STARTING;
    if (lock->fd < 0 && errno == ENOENT) {
        return cluster_lock_fail_busy(cluster, err); /* the directory has gone */
    }
    if (lock->fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM,
                          "could not open the lock of the cluster, which must be a file of user "
                          "%s. If the cluster is not running, delete it: \"%s\"",
                          cluster->owner.name, cluster->lock);
    }
    if (set_byte(lock->fd, CLUSTER_STARTING, F_WRLCK) && cluster_lock_is_in_place(cluster, lock)) {
        return DSQL_OK;
    }
    close(lock->fd);
    lock->fd = -1;
    return cluster_lock_fail_busy(cluster, err);
}

/* The new byte first, so that at no moment only the first one is locked. */
void cluster_lock_set_phase(struct cluster_lock *lock, enum cluster_phase phase)
{
    if (phase == lock->phase) {
        return;
    }
    set_byte(lock->fd, phase, F_WRLCK);
    if (lock->phase != CLUSTER_STARTING) {
        set_byte(lock->fd, lock->phase, F_UNLCK);
    }
    lock->phase = phase;
}

/* F_GETLK reports a lock that conflicts with this one, and the process that holds it. */
static bool is_locked(int fd, enum cluster_phase byte, pid_t *pid)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    bool is_held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (is_held) {
        *pid = lock.l_pid > 0 ? lock.l_pid : 0;
    }
    return is_held;
}

/*
 * The daemon of an earlier version locks the whole file when it starts, and counts as running.
 * If the phase changes between two questions, the answer is CLUSTER_STARTING: ask again.
 */
dsql_status cluster_lock_read(const struct cluster *cluster, struct cluster_process *out,
                              dsql_error *err)
{
    static const enum cluster_phase order[] = {CLUSTER_RUNNING, CLUSTER_RESTARTING,
                                               CLUSTER_STOPPING, CLUSTER_STARTING};
    *out = (struct cluster_process){.phase = CLUSTER_STOPPED};
    int fd = open(cluster->lock, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return DSQL_OK;
    }
    if (fd < 0 && errno == EACCES) {
        fd = open_lock(cluster);
    }
    if (fd < 0) {
        return fail_errno(
            err, DSQL_ERR_SYSTEM,
            "could not find out whether the cluster is running: could not open \"%s\"",
            cluster->lock);
    }
    for (size_t i = 0; i < sizeof order / sizeof *order && out->phase == CLUSTER_STOPPED; i++) {
        if (is_locked(fd, order[i], &out->pid)) {
            out->phase = order[i];
        }
    }
    close(fd);
    return DSQL_OK;
}

const char *cluster_phase_name(enum cluster_phase phase)
{
    switch (phase) {
    case CLUSTER_STARTING:
        return "starting";
    case CLUSTER_RUNNING:
        return "running";
    case CLUSTER_RESTARTING:
        return "restarting";
    case CLUSTER_STOPPING:
        return "stopping";
    case CLUSTER_STOPPED:
        break;
    }
    return "stopped";
}
