/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 *   templates/ (0700)
 *     lock      held by the process that makes one
 *     KEY/      a template: data, and the hash of its description in digest
 *     new/      one that is being made, or was when the process was killed
 *
 * A template appears by a rename, so it is complete or missing.  It is read without a lock: one
 * that is removed or replaced meanwhile does not have the description that belongs to it.  That
 * has the time of the last change of each file, which no program can set back, so a template is
 * not used after a change to it, whatever the reason.
 *
 * What another user could have put into the cache is not used: the directory belongs to the user
 * and is closed to others, and so does everything in it (tree.c).
 */
#include "local/data_template.h"

#include "base/buf.h"
#include "base/files.h"
#include "base/sha256.h"
#include "local/file.h"
#include "local/postgres_install.h"
#include "local/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    DIGEST_SIZE = 2 * SHA256_SIZE + 1, /* in hexadecimal digits */
    ORIGIN_MAX_SIZE = 16 << 10,
    BOOT_ID_MAX_SIZE = 64,
    INNER_PATH_SIZE = 128
};

/* A template has 40 MiB; it is not worth the last of a disk. */
#define FREE_BYTES ((unsigned long long)512 << 20)

/* ---- The directory ---- */

static bool choose_path(const struct cluster *cluster, char cache[PATH_MAX], char name[32])
{
    const char *cache_home = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int len = 0;
    if (cache_home != NULL && cache_home[0] == '/') {
        len = snprintf(cache, PATH_MAX, "%s/dsql", cache_home);
    } else if (cluster->owner.is_other) {
        len = snprintf(cache, PATH_MAX, "/var/cache/dsql"); /* root's home is closed to others */
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(cache, PATH_MAX, "%s/.cache/dsql", home);
    }
    snprintf(name, 32, "templates-%u", (unsigned)cluster->owner.uid);
    return len > 0 && len + 32 < PATH_MAX;
}

/* By descriptors: root follows no link that another user could have put there. */
static bool give_to_owner(int cache, const char *name, const struct cluster *cluster)
{
    struct stat info;
    int fd = openat(cache, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, &info) == 0 &&
              (info.st_uid != geteuid() || fchown(fd, cluster->owner.uid, cluster->owner.gid) == 0);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static bool create_in(const char *cache_path, const char *name, const struct cluster *cluster)
{
    struct stat info;
    int cache = open(cache_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = cache >= 0 && fstat(cache, &info) == 0 && info.st_uid == geteuid() &&
              (info.st_mode & 0022) == 0 && (mkdirat(cache, name, 0700) == 0 || errno == EEXIST) &&
              give_to_owner(cache, name, cluster);
    if (cache >= 0) {
        close(cache);
    }
    return ok;
}

/* The owner must be able to enter a directory that root has created, whatever the umask. */
void data_template_prepare(const struct cluster *cluster, char path[PATH_MAX])
{
    char cache[PATH_MAX];
    char name[32];
    mode_t own_umask = umask(cluster->owner.is_other ? 0022 : 0077);
    path[0] = '\0';
    if (choose_path(cluster, cache, name) && directory_create_all(cache, NULL) == DSQL_OK &&
        create_in(cache, name, cluster)) {
        int len = snprintf(path, PATH_MAX, "%s/%s", cache, name);
        path[len > 0 && len < PATH_MAX ? len : 0] = '\0';
    }
    umask(own_umask);
}

/* ---- The key ---- */

static bool hash(struct text text, char *out, size_t bytes)
{
    unsigned char digest[SHA256_SIZE];
    struct sha256 sha256 AUTO_SHA256 = {0};
    bool ok = sha256_init(&sha256) && sha256_digest(&sha256, text, digest);
    if (ok) {
        text_hex(digest, bytes, out);
        out[2 * bytes] = '\0';
    }
    return ok;
}

static bool make_key(char key[DATA_TEMPLATE_KEY_SIZE], const char *bindir, struct text origin)
{
    struct buf boot_id AUTO_BUF;
    struct buf all AUTO_BUF;
    buf_init(&boot_id, BOOT_ID_MAX_SIZE);
    buf_init(&all, ORIGIN_MAX_SIZE);
    buf_printf(&all, "dsql %d\n", DSQL_VERSION_NUM);
    bool ok = file_read("/proc/sys/kernel/random/boot_id", &boot_id, NULL) == DSQL_OK &&
              postgres_add_identity(&all, bindir);
    buf_add_text(&all, buf_text(&boot_id));
    buf_add_text(&all, origin);
    return ok && buf_ok(&all) && hash(buf_text(&all), key, DATA_TEMPLATE_KEY_SIZE / 2);
}

/* ---- Opening ---- */

static bool is_private(int directory)
{
    struct stat info;
    return fstat(directory, &info) == 0 && info.st_uid == geteuid() && (info.st_mode & 0077) == 0;
}

void data_template_open(struct data_template *template, const char *path, const char *bindir,
                        struct text origin)
{
    template->directory =
        path[0] == '\0' ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (template->directory >= 0 &&
        !(is_private(template->directory) && make_key(template->key, bindir, origin))) {
        data_template_close(template);
    }
}

void data_template_close(struct data_template *template)
{
    if (template->directory >= 0) {
        close(template->directory);
        template->directory = -1;
    }
}

/* The path of something in the directory that is open, wherever that is by now. */
static void inner_path(const struct data_template *template, const char *name,
                       char out[INNER_PATH_SIZE])
{
    snprintf(out, INNER_PATH_SIZE, "/proc/self/fd/%d/%s", template->directory, name);
}

static int open_inner(const struct data_template *template, const char *name, const char *part)
{
    char path[INNER_PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", name, part);
    return openat(template->directory, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* ---- Using one ---- */

/* Whether the description is the one that the template had when it was made. */
static bool is_as_made(const struct data_template *template, const struct buf *description)
{
    char now[DIGEST_SIZE];
    struct buf made AUTO_BUF;
    buf_init(&made, DIGEST_SIZE);
    int fd = open_inner(template, template->key, "digest");
    bool ok = fd >= 0 && file_read_open(fd, &made) && buf_ok(description) &&
              hash(buf_text(description), now, SHA256_SIZE) &&
              text_equal_string(buf_text(&made), now);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* to is -1: only looks at it. */
static bool read_template(const struct data_template *template, int to)
{
    struct buf description AUTO_BUF;
    buf_init(&description, TREE_DESCRIPTION_MAX);
    int from = open_inner(template, template->key, "data");
    bool ok = from >= 0 &&
              (to < 0 ? tree_describe(from, &description) : tree_copy(from, to, &description));
    if (from >= 0) {
        close(from);
    }
    return ok && is_as_made(template, &description);
}

bool data_template_copy(const struct data_template *template, const char *data)
{
    if (template->directory < 0 || mkdir(data, 0700) != 0) {
        return false;
    }
    int to = open(data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = to >= 0 && read_template(template, to);
    if (to >= 0) {
        close(to);
    }
    if (!ok) {
        (void)directory_remove(data, NULL);
    }
    return ok;
}

/* ---- Making one ---- */

static void remove_inner(const struct data_template *template, const char *name)
{
    char path[INNER_PATH_SIZE];
    inner_path(template, name, path);
    (void)directory_remove(path, NULL);
}

/* Does not wait: while another process makes one, this one does without. */
static int take_lock(const struct data_template *template)
{
    int fd = openat(template->directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool has_room(const struct data_template *template)
{
    struct statvfs disk;
    return fstatvfs(template->directory, &disk) == 0 &&
           (unsigned long long)disk.f_bavail * disk.f_frsize >= FREE_BYTES;
}

static bool copy_data(const char *data, int to)
{
    struct buf description AUTO_BUF;
    buf_init(&description, TREE_DESCRIPTION_MAX);
    int from = open(data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = from >= 0 && to >= 0 && tree_copy(from, to, &description);
    if (from >= 0) {
        close(from);
    }
    return ok;
}

/* Of the copy, and when nothing in it changes any more. */
static bool write_digest(const struct data_template *template, int copy)
{
    char path[INNER_PATH_SIZE];
    char digest[DIGEST_SIZE];
    struct buf description AUTO_BUF;
    buf_init(&description, TREE_DESCRIPTION_MAX);
    inner_path(template, "new/digest", path);
    return tree_describe(copy, &description) && buf_ok(&description) &&
           hash(buf_text(&description), digest, SHA256_SIZE) &&
           file_replace(path, 0600, text_of(digest), NULL) == DSQL_OK;
}

static bool make(const struct data_template *template, const char *data)
{
    if (mkdirat(template->directory, "new", 0700) != 0 ||
        mkdirat(template->directory, "new/data", 0700) != 0) {
        return false;
    }
    int copy = open_inner(template, "new", "data");
    bool ok = copy_data(data, copy) && write_digest(template, copy);
    if (copy >= 0) {
        close(copy);
    }
    return ok && renameat(template->directory, "new", template->directory, template->key) == 0;
}

/* ---- Removing older ones ---- */

typedef void visit_fn(const struct data_template *template, const char *name, char *newest);

static void each_other(const struct data_template *template, visit_fn *visit, char *newest)
{
    int own = openat(template->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = own < 0 ? NULL : fdopendir(own);
    if (entries == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        bool is_template = strlen(entry->d_name) == DATA_TEMPLATE_KEY_SIZE - 1;
        if (is_template && strcmp(entry->d_name, template->key) != 0) {
            visit(template, entry->d_name, newest);
        }
    }
    closedir(entries);
}

static void find_newest(const struct data_template *template, const char *name, char *newest)
{
    struct stat info;
    struct stat best;
    bool ok = fstatat(template->directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
    bool is_better =
        newest[0] == '\0' ||
        fstatat(template->directory, newest, &best, AT_SYMLINK_NOFOLLOW) != 0 ||
        info.st_ctim.tv_sec > best.st_ctim.tv_sec ||
        (info.st_ctim.tv_sec == best.st_ctim.tv_sec && info.st_ctim.tv_nsec > best.st_ctim.tv_nsec);
    if (ok && is_better) {
        text_copy(text_of(name), newest, DATA_TEMPLATE_KEY_SIZE);
    }
}

static void remove_unless_newest(const struct data_template *template, const char *name,
                                 char *newest)
{
    if (strcmp(name, newest) != 0) {
        remove_inner(template, name);
    }
}

/* One other stays: two versions of PostgreSQL may be used by turns. */
static void remove_older(const struct data_template *template)
{
    char newest[DATA_TEMPLATE_KEY_SIZE] = "";
    each_other(template, find_newest, newest);
    each_other(template, remove_unless_newest, newest);
}

void data_template_keep(const struct data_template *template, const char *data)
{
    int lock = template->directory < 0 ? -1 : take_lock(template);
    if (lock < 0) {
        return;
    }
    if (!read_template(template, -1) && has_room(template)) {
        remove_inner(template, "new");
        remove_inner(template, template->key);
        if (!make(template, data)) {
            remove_inner(template, "new");
        }
        remove_older(template);
    }
    close(lock);
}
