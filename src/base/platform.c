/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/platform.h"

#include "base/cancellation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef DSQL_HAVE_GETRANDOM
#include <sys/random.h>
#endif
#ifdef DSQL_HAVE_EVENTFD
#include <sys/eventfd.h>
#endif
#ifdef __linux__
#include <sys/syscall.h>
#endif

/* ---- Texts ---- */

#ifdef DSQL_HAVE_STRERRORDESC_NP
static bool describe(int os_errno, char *out, size_t size)
{
    const char *known = strerrordesc_np(os_errno);
    if (known == NULL) {
        return false;
    }
    snprintf(out, size, "%s", known);
    return true;
}
#else
/* strerror() shares a buffer between threads, and strerror_r() uses the program's language. */
static bool describe(int os_errno, char *out, size_t size)
{
    locale_t english = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (english == (locale_t)0) {
        return false;
    }
    snprintf(out, size, "%s", strerror_l(os_errno, english));
    freelocale(english);
    return true;
}
#endif

void platform_error_text(int os_errno, char out[PLATFORM_ERROR_TEXT_SIZE])
{
    int saved = errno;
    if (!describe(os_errno, out, PLATFORM_ERROR_TEXT_SIZE)) {
        snprintf(out, PLATFORM_ERROR_TEXT_SIZE, "Unknown error %d", os_errno);
    }
    errno = saved;
}

#ifdef DSQL_HAVE_SECURE_GETENV
const char *platform_secure_getenv(const char *name)
{
    return secure_getenv(name);
}
#else
const char *platform_secure_getenv(const char *name)
{
    bool has_own_rights = getuid() == geteuid() && getgid() == getegid();
    return has_own_rights ? getenv(name) : NULL;
}
#endif

/* ---- Chance ---- */

#ifdef DSQL_HAVE_GETRANDOM
bool platform_random_bytes(void *out, size_t len)
{
    unsigned char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        len -= (size_t)got;
    }
    return true;
}
#else
static bool read_exactly(int file, unsigned char *at, size_t len)
{
    while (len > 0) {
        ssize_t got = read(file, at, len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        len -= (size_t)got;
    }
    return true;
}

bool platform_random_bytes(void *out, size_t len)
{
    int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    bool is_filled = read_exactly(file, out, len);
    close(file);
    return is_filled;
}
#endif

/* ---- Time ---- */

/* Linux keeps this clock from its last timer interrupt: reading it takes a quarter of the time. */
int64_t platform_coarse_ms(void)
{
    struct timespec now;
#ifdef DSQL_HAVE_CLOCK_MONOTONIC_COARSE
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
#else
    clock_gettime(CLOCK_MONOTONIC, &now);
#endif
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Descriptors ---- */

#if !defined(DSQL_HAVE_PIPE2) || !defined(DSQL_HAVE_SOCK_CLOEXEC) || !defined(DSQL_HAVE_DUP3)
/* Closes the descriptor when it cannot be kept from a child. */
static int close_on_exec(int descriptor)
{
    if (descriptor < 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0) {
        return descriptor;
    }
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}
#endif

#ifdef DSQL_HAVE_PIPE2
int platform_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC);
}
#else
int platform_pipe(int ends[2])
{
    if (pipe(ends) != 0) {
        return -1;
    }
    int last = ends[1];
    ends[0] = close_on_exec(ends[0]);
    ends[1] = ends[0] < 0 ? -1 : close_on_exec(ends[1]);
    if (ends[1] >= 0) {
        return 0;
    }
    int saved = errno;
    close(ends[0] < 0 ? last : ends[0]);
    errno = saved;
    return -1;
}
#endif

#ifdef DSQL_HAVE_EVENTFD
int platform_wakeup(int ends[2])
{
    ends[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ends[1] = ends[0];
    return ends[0] < 0 ? -1 : 0;
}
#else
int platform_wakeup(int ends[2])
{
    if (platform_pipe(ends) != 0) {
        return -1;
    }
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0) {
        return 0;
    }
    int saved = errno;
    close(ends[0]);
    close(ends[1]);
    errno = saved;
    return -1;
}
#endif

#ifdef DSQL_HAVE_SOCK_CLOEXEC
int platform_socket(int family, int type, int protocol)
{
    return socket(family, type | SOCK_CLOEXEC, protocol);
}
#else
int platform_socket(int family, int type, int protocol)
{
    return close_on_exec(socket(family, type, protocol));
}
#endif

#ifdef DSQL_HAVE_DUP3
int platform_dup_to(int from, int to)
{
    return dup3(from, to, O_CLOEXEC);
}
#else
int platform_dup_to(int from, int to)
{
    return close_on_exec(dup2(from, to));
}
#endif

#ifdef DSQL_HAVE_CLOSE_RANGE
void platform_close_from(int first)
{
    close_range((unsigned int)first, ~0U, 0);
}
#else
/* /dev/fd lists the descriptors of the process.  Without it, each possible one is closed. */
void platform_close_from(int first)
{
    DIR *directory = opendir("/dev/fd");
    const struct dirent *entry = directory == NULL ? NULL : readdir(directory);
    while (entry != NULL) {
        long descriptor = strtol(entry->d_name, NULL, 10); /* 0 for . and .. */
        if (descriptor >= first && descriptor != dirfd(directory)) {
            close((int)descriptor);
        }
        entry = readdir(directory);
    }
    if (directory != NULL) {
        closedir(directory);
        return;
    }
    long limit = sysconf(_SC_OPEN_MAX);
    for (int descriptor = first; descriptor < limit; descriptor++) {
        close(descriptor);
    }
}
#endif

#ifdef DSQL_HAVE_MKOSTEMP
int platform_temporary_file(char *path)
{
    return mkostemp(path, O_CLOEXEC);
}
#else
enum { SUFFIX_LEN = 6, MAX_NAMES = 100 };

static bool choose_name(char *suffix)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    unsigned char bytes[SUFFIX_LEN];
    if (!platform_random_bytes(bytes, sizeof bytes)) {
        errno = EIO;
        return false;
    }
    for (size_t i = 0; i < SUFFIX_LEN; i++) {
        suffix[i] = letters[bytes[i] % (sizeof letters - 1)];
    }
    return true;
}

/* Not mkstemp(), which cannot be told O_CLOEXEC. */
int platform_temporary_file(char *path)
{
    size_t len = strlen(path);
    if (len < SUFFIX_LEN || strcmp(path + len - SUFFIX_LEN, "XXXXXX") != 0) {
        errno = EINVAL;
        return -1;
    }
    for (int i = 0; i < MAX_NAMES; i++) {
        if (!choose_name(path + len - SUFFIX_LEN)) {
            return -1;
        }
        int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file >= 0 || errno != EEXIST) {
            return file;
        }
    }
    return -1;
}
#endif

#if defined(DSQL_HAVE_MSG_DONTWAIT) && defined(SYS_recvfrom)
/* The system call: recv() is a cancellation point, although it does not wait here. */
ssize_t platform_peek(int socket, void *out, size_t size)
{
    return syscall(SYS_recvfrom, socket, out, size, MSG_PEEK | MSG_DONTWAIT, NULL, NULL);
}
#elif defined(DSQL_HAVE_MSG_DONTWAIT)
ssize_t platform_peek(int socket, void *out, size_t size)
{
    HOLD_CANCELLATION();
    return recv(socket, out, size, MSG_PEEK | MSG_DONTWAIT);
}
#else
/* libpq's sockets do not block, so recv() returns even if poll() was wrong. */
ssize_t platform_peek(int socket, void *out, size_t size)
{
    HOLD_CANCELLATION();
    struct pollfd fd = {.fd = socket, .events = POLLIN};
    int ready = poll(&fd, 1, 0);
    if (ready == 0) {
        errno = EAGAIN;
    }
    return ready <= 0 ? -1 : recv(socket, out, size, MSG_PEEK);
}
#endif

/* ---- Children ---- */

#ifdef DSQL_HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
int platform_spawn_close_from(posix_spawn_file_actions_t *actions, int first)
{
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
#else
/* Only what exec() would leave open: the list stays short. */
static int close_if_inherited(posix_spawn_file_actions_t *actions, int descriptor)
{
    int flags = fcntl(descriptor, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0) {
        return 0;
    }
    return posix_spawn_file_actions_addclose(actions, descriptor);
}

static int close_each_below_limit(posix_spawn_file_actions_t *actions, int first)
{
    long limit = sysconf(_SC_OPEN_MAX);
    int failure = limit < 0 ? ENOSYS : 0;
    for (int descriptor = first; failure == 0 && descriptor < limit; descriptor++) {
        failure = close_if_inherited(actions, descriptor);
    }
    return failure;
}

static int close_each_listed(posix_spawn_file_actions_t *actions, int first, DIR *directory)
{
    int failure = 0;
    while (failure == 0) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            return errno;
        }
        long descriptor = strtol(entry->d_name, NULL, 10); /* 0 for . and .. */
        if (descriptor >= first) {
            failure = close_if_inherited(actions, (int)descriptor);
        }
    }
    return failure;
}

/* /dev/fd lists the descriptors of the process; the limit may be a million. */
int platform_spawn_close_from(posix_spawn_file_actions_t *actions, int first)
{
    DIR *directory = opendir("/dev/fd");
    if (directory == NULL) {
        return close_each_below_limit(actions, first);
    }
    int failure = close_each_listed(actions, first, directory);
    closedir(directory);
    return failure;
}
#endif
