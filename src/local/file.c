/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Small helpers that make files safe against crashes and against other users: new files are made
 * with O_EXCL and renamed, links are not followed, modes are set explicitly (the umask may be
 * anything).
 */
#include "local/file.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef FS_IOC_SETFLAGS /* linux/fs.h, which musl's compiler wrapper does not find */
#define FS_IOC_GETFLAGS _IOR('f', 1, long)
#define FS_IOC_SETFLAGS _IOW('f', 2, long)
#define FS_TOPDIR_FL    0x00020000
#endif

/* With the rights of the real user.  "Exists" includes what cannot be read. */
bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* write() may write a part only, for example when a signal arrives. */
static bool write_all(int fd, struct text content)
{
    while (content.len > 0) {
        ssize_t written = write(fd, content.data, content.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        content = text_slice(content, (size_t)written, content.len);
    }
    return true;
}

/*
 * rename() is atomic for readers.  No fsync(): this protects from a crash of the process, not of
 * the machine.
 */
dsql_status file_replace(const char *path, mode_t mode, struct text content, dsql_error *err)
{
    char new_path[PATH_MAX];
    int len = snprintf(new_path, sizeof new_path, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof new_path) {
        return fail(err, DSQL_ERR_USAGE, "the path is too long: \"%s\"", path);
    }
    /* A file that an interrupted write has left.  O_EXCL then ensures that it is a new one. */
    unlink(new_path);
    int fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create \"%s\"", new_path);
    }
    bool ok = fchmod(fd, mode) == 0 && write_all(fd, content);
    ok = close(fd) == 0 && ok;
    if (!ok || rename(new_path, path) != 0) {
        fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", path);
        unlink(new_path);
        return DSQL_ERR_SYSTEM;
    }
    return DSQL_OK;
}

/*
 * The error is about the file, not about memory: out has a maximum, and exceeding it is the usual
 * cause.
 */
dsql_status file_read(const char *path, struct buf *out, dsql_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", path);
    }
    char chunk[4096];
    ssize_t got = 0;
    do {
        got = read(fd, chunk, sizeof chunk);
        if (got > 0) {
            buf_add(out, chunk, (size_t)got);
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0) {
        fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", path);
    }
    secret_wipe(chunk, sizeof chunk); /* the identities are read here */
    close(fd);
    if (got < 0) {
        return DSQL_ERR_SYSTEM;
    }
    return buf_ok(out) ? DSQL_OK : fail(err, DSQL_ERR_SYSTEM, "\"%s\" is too large", path);
}

/* The ctime, because packages keep the mtime of their build. */
bool file_add_identity(struct buf *out, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return false;
    }
    buf_printf(out, "%s %llu %llu %lld %lld.%09ld %lld.%09ld\n", path,
               (unsigned long long)info.st_dev, (unsigned long long)info.st_ino,
               (long long)info.st_size, (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
               (long long)info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
    return true;
}

/* Stops without an error when the receiver has gone away. */
dsql_status file_copy_to(const char *path, int fd, dsql_error *err)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", path);
    }
    char chunk[4096];
    ssize_t got = read(from, chunk, sizeof chunk);
    while (got > 0 && write_all(fd, text_of_bytes(chunk, (size_t)got))) {
        got = read(from, chunk, sizeof chunk);
    }
    close(from);
    return DSQL_OK;
}

dsql_status directory_create_all(const char *path, dsql_error *err)
{
    char part[PATH_MAX];
    if (!text_copy(text_of(path), part, sizeof part)) {
        return fail(err, DSQL_ERR_USAGE, "the path is too long: \"%s\"", path);
    }
    /* As mkdir -p: each prefix that ends before a slash, then the whole path. */
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST) {
            return fail_errno(err, DSQL_ERR_SYSTEM, "could not create \"%s\"", part);
        }
        *slash = '/';
    }
    if (mkdir(part, 0755) != 0 && errno != EEXIST) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create \"%s\"", part);
    }
    return DSQL_OK;
}

/* chmod() after mkdir(), because mkdir() applies the umask. */
dsql_status directory_create(const char *path, mode_t mode, dsql_error *err)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create \"%s\"", path);
    }
    if (chmod(path, mode) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not set the permissions of \"%s\"", path);
    }
    return DSQL_OK;
}

/* The ioctls are declared with long, and the kernel reads and writes an int. */
void directory_place_apart(const char *path)
{
    int flags = 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_TOPDIR_FL;
        (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
    close(fd);
}

/* What nftw() leaves alone; it has no argument for its callback. */
static const char *kept_path;

/*
 * FTW_PHYS does not follow links, FTW_MOUNT does not leave the file system.  Level 0 is the
 * directory itself, which the caller may want to keep.  What has gone meanwhile is fine.
 */
static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    bool is_kept = where->level == 0 || (kept_path != NULL && strcmp(path, kept_path) == 0);
    return is_kept || remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

/* Set when a directory could be opened only after its mode was changed. */
static bool has_opened_more;

static int open_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)where;
    bool is_closed = kind == FTW_DNR || (kind == FTW_D && (info->st_mode & 0700) != 0700);
    if (is_closed && chmod(path, 0700) == 0 && kind == FTW_DNR) {
        has_opened_more = true; /* what is in it has not been visited */
    }
    return 0;
}

/* The owner may delete what is in a directory that the owner may not write to. */
static void open_directories(const char *path)
{
    enum { DEEPEST = 64 };
    int round = 0;
    do {
        has_opened_more = false;
        nftw(path, open_entry, 16, FTW_PHYS | FTW_MOUNT);
        round++;
    } while (has_opened_more && round < DEEPEST);
}

/*
 * A program that is being stopped, such as initdb, may create another file meanwhile, so a
 * directory that is not empty is tried again for a second.
 */
dsql_status directory_remove_except(const char *path, const char *kept, dsql_error *err)
{
    enum { ATTEMPTS = 20, PAUSE_MS = 50, DESCRIPTORS = 16 /* whatever the depth */ };
    const int flags = FTW_DEPTH | FTW_PHYS | FTW_MOUNT; /* a directory comes after its content */
    bool ok = false;
    bool is_worth_it = true;
    int os_errno = 0;
    kept_path = kept;
    for (int i = 0; !ok && is_worth_it && i < ATTEMPTS; i++) {
        ok = nftw(path, remove_entry, DESCRIPTORS, flags) == 0;
        os_errno = errno;
        is_worth_it = !ok && (os_errno == EACCES || os_errno == ENOTEMPTY);
        if (is_worth_it) {
            open_directories(path);
            clock_sleep_ms(clock_system(), i == 0 ? 0 : PAUSE_MS);
        }
    }
    kept_path = NULL;
    errno = os_errno;
    return ok || errno == ENOENT
               ? DSQL_OK
               : fail_errno(err, DSQL_ERR_SYSTEM, "could not remove all of \"%s\"", path);
}

dsql_status directory_remove(const char *path, dsql_error *err)
{
    dsql_status status = directory_remove_except(path, NULL, err);
    if (status == DSQL_OK && rmdir(path) != 0 && errno != ENOENT) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not remove \"%s\"", path);
    }
    return status;
}

/* A directory that cannot be opened is not known to be empty. */
bool directory_is_empty(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return false;
    }
    bool is_empty = true;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            is_empty = false;
        }
    }
    closedir(folder);
    return is_empty;
}
