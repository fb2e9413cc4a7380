/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What root must do for another user: make the directory, hand it over, and become that user.
 * Root writes nothing into the directory afterwards, because the owner could have put a symbolic
 * link there.
 */
#include "local/cluster_owner.h"

#include "base/error.h"
#include "base/text.h"
#include "local/cluster_lock.h"
#include "local/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Whether the owner, who is not root, may enter every directory above.  Checked beforehand, since
 * PostgreSQL would fail later with "permission denied" for a directory that is not its own.
 * Groups and access lists are not looked at, so the check can be wrong for unusual permissions.
 */
static dsql_status check_reachable(const struct cluster *cluster, dsql_error *err)
{
    char part[CLUSTER_PATH_SIZE];
    text_copy(text_of(cluster->dir), part, sizeof part);
    for (char *slash = strrchr(part, '/'); slash != NULL && slash != part;
         slash = strrchr(part, '/')) {
        *slash = '\0';
        struct stat info;
        if (stat(part, &info) != 0) {
            continue;
        }
        bool is_open = (info.st_mode & S_IXOTH) != 0 ||
                       (info.st_uid == cluster->owner.uid && (info.st_mode & S_IXUSR) != 0);
        if (!is_open) {
            return fail(err, DSQL_ERR_USAGE,
                        "cannot create a cluster in \"%s\": when root starts it, the server runs "
                        "as user %s, who may not enter \"%s\". Choose another directory with "
                        "--dir",
                        cluster->dir, cluster->owner.name, part);
        }
    }
    return DSQL_OK;
}

/*
 * A start that was killed before it took the lock, in an earlier version, has left its log and
 * nothing else.
 */
static bool has_only_a_log(const struct cluster *cluster)
{
    DIR *folder = opendir(cluster->dir);
    int others = 0;
    if (folder == NULL) {
        return false;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        bool is_expected = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                           strcmp(entry->d_name, "daemon.log") == 0;
        others += is_expected ? 0 : 1;
    }
    closedir(folder);
    return others == 0 && file_exists(cluster->daemon_log);
}

/* The lock is enough, as a first start that was interrupted may have left little else. */
bool cluster_owner_has_cluster(const struct cluster *cluster)
{
    return file_exists(cluster->settings) || file_exists(cluster->lock) ||
           file_exists(cluster->identities) || has_only_a_log(cluster);
}

/*
 * A mistyped --dir must not turn, say, a home directory into a cluster.  In this order, as other
 * commands may create or delete the cluster meanwhile: an empty directory gets its lock first, and
 * loses it last.  One that has gone is not refused here: see fail_to_open().
 */
static bool is_cluster_or_empty(const struct cluster *cluster)
{
    return directory_is_empty(cluster->dir) || cluster_owner_has_cluster(cluster) ||
           directory_is_empty(cluster->dir) || !file_exists(cluster->dir);
}

/* The name of a file's owner, or the number. */
static void name_user(uid_t uid, char *out, size_t size)
{
    const struct passwd *account = getpwuid(uid);
    if (account == NULL || !text_copy(text_of(account->pw_name), out, size)) {
        snprintf(out, size, "%u", (unsigned)uid);
    }
}

static dsql_status fail_other_user(const struct cluster *cluster, uid_t uid, dsql_error *err)
{
    char name[64];
    name_user(uid, name, sizeof name);
    fail(err, DSQL_ERR_SYSTEM,
         "permission denied: the cluster in \"%s\" belongs to user %s. Run the command as that "
         "user, or name another directory with --dir",
         cluster->dir, name);
    if (err != NULL) {
        err->os_errno = EACCES;
    }
    return DSQL_ERR_SYSTEM;
}

/* A directory that may not be entered: the owner of the first one above it that can be seen. */
static dsql_status fail_closed(const struct cluster *cluster, dsql_error *err)
{
    char part[CLUSTER_PATH_SIZE];
    struct stat info = {0};
    text_copy(text_of(cluster->dir), part, sizeof part);
    char *slash = strrchr(part, '/');
    while (slash != NULL && slash != part && stat(part, &info) != 0) {
        *slash = '\0';
        slash = strrchr(part, '/');
    }
    return fail_other_user(cluster, info.st_uid, err);
}

bool cluster_owner_is_visible(const struct cluster *cluster)
{
    return access(cluster->lock, R_OK) == 0;
}

/*
 * Without this check a directory that may not be entered would look like one without a cluster.
 * Root may enter every directory, and works as its owner.
 */
dsql_status cluster_owner_check(const struct cluster *cluster, dsql_error *err)
{
    struct stat info;
    if (cluster->owner.is_other) {
        return DSQL_OK;
    }
    if (stat(cluster->dir, &info) != 0) {
        return errno == EACCES ? fail_closed(cluster, err) : DSQL_OK;
    }
    bool may_enter = access(cluster->dir, X_OK) == 0 || errno != EACCES;
    bool is_own = info.st_uid == cluster->owner.uid;
    if (!is_own && (!may_enter || cluster_owner_has_cluster(cluster))) {
        return fail_other_user(cluster, info.st_uid, err);
    }
    return may_enter ? DSQL_OK
                     : fail(err, DSQL_ERR_SYSTEM,
                            "permission denied: \"%s\" cannot be entered. Restore its permissions "
                            "with 'chmod 0711'",
                            cluster->dir);
}

/* Root's umask may be 077, and the server must be able to enter. */
static dsql_status create_dir(const struct cluster *cluster, dsql_error *err)
{
    mode_t own_umask = cluster->owner.is_other ? umask(0022) : 0;
    dsql_status status = directory_create_all(cluster->dir, err);
    if (cluster->owner.is_other) {
        umask(own_umask);
    }
    return status;
}

/* Another command may delete the cluster meanwhile, and then the start is tried again. */
static dsql_status fail_to_open(const struct cluster *cluster, dsql_error *err)
{
    return errno == ENOENT
               ? cluster_lock_fail_busy(cluster, err)
               : fail_errno(err, DSQL_ERR_SYSTEM, "could not open \"%s\"", cluster->dir);
}

/* By descriptor: between a check by path and chown() the path could become another file. */
static dsql_status give_dir_to_owner(const struct cluster *cluster, dsql_error *err)
{
    int fd = open(cluster->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return fail_to_open(cluster, err);
    }
    dsql_status status = DSQL_OK;
    bool ok = fchmod(fd, 0711) == 0 &&
              (!cluster->owner.is_other || fchown(fd, cluster->owner.uid, cluster->owner.gid) == 0);
    if (!ok) {
        status = fail_errno(err, DSQL_ERR_SYSTEM,
                            "could not set the owner and the permissions of \"%s\"", cluster->dir);
    }
    close(fd);
    return status;
}

/* At every start, so an existing cluster must be accepted as well. */
dsql_status cluster_owner_prepare(const struct cluster *cluster, dsql_error *err)
{
    dsql_status status = cluster->owner.is_other ? check_reachable(cluster, err) : DSQL_OK;
    if (status == DSQL_OK) {
        status = create_dir(cluster, err);
    }
    if (status == DSQL_OK && !is_cluster_or_empty(cluster)) {
        status = fail(err, DSQL_ERR_USAGE,
                      "\"%s\" is not empty and holds no cluster. Choose another directory with "
                      "--dir",
                      cluster->dir);
    }
    return status == DSQL_OK ? give_dir_to_owner(cluster, err) : status;
}

/* All three ids of each kind are set, so that there is no way back to root. */
dsql_status cluster_owner_become(const struct cluster *cluster, dsql_error *err)
{
    const struct cluster_owner *owner = &cluster->owner;
    if (!owner->is_other) {
        return DSQL_OK;
    }
    /* In this order: after setresuid() the process may not change its groups. */
    if (initgroups(owner->name, owner->gid) != 0 ||
        setresgid(owner->gid, owner->gid, owner->gid) != 0 ||
        setresuid(owner->uid, owner->uid, owner->uid) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not change to user %s", owner->name);
    }
    return DSQL_OK;
}

/* In the child process of root.  The error is one write, and fits into the pipe. */
static _Noreturn void run_in_child(const struct cluster *cluster,
                                   dsql_status (*step)(const struct cluster *, void *,
                                                       dsql_error *),
                                   void *arg, pid_t parent, int report_fd)
{
    dsql_error own = {0};
    dsql_status status = cluster_owner_become(cluster, &own);
    /* After the change of user, which resets it: whoever kills the command means the step. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (status == DSQL_OK && getppid() == parent) {
        status = step(cluster, arg, &own);
    }
    own.status = status;
    bool is_reported = write(report_fd, &own, sizeof own) == (ssize_t)sizeof own;
    _exit(status == DSQL_OK && is_reported ? 0 : 1);
}

/* Files that the owner has put into its directory must not be followed with root's rights. */
dsql_status cluster_owner_run(const struct cluster *cluster,
                              dsql_status (*step)(const struct cluster *cluster, void *arg,
                                                  dsql_error *err),
                              void *arg, dsql_error *err)
{
    if (!cluster->owner.is_other) {
        return step(cluster, arg, err);
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create a pipe");
    }
    /* Otherwise the child would inherit unwritten output, and write it again. */
    fflush(NULL);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        run_in_child(cluster, step, arg, parent, ends[1]);
    }
    close(ends[1]);
    dsql_error report = {0};
    bool is_reported = pid > 0 && read(ends[0], &report, sizeof report) == (ssize_t)sizeof report;
    close(ends[0]);
    bool is_done = pid > 0 && waitpid(pid, NULL, 0) == pid;
    if (!is_done || !is_reported) {
        return fail(err, DSQL_ERR_SYSTEM, "the process of user \"%s\" ended without a result",
                    cluster->owner.name);
    }
    if (report.status != DSQL_OK && err != NULL) {
        *err = report;
    }
    return report.status;
}
