/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/postmaster_files.h"

#include "base/buf.h"
#include "local/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PID_FILE_MAX_SIZE = 4096, PID_LINE = 1, STATUS_LINE = 8, LOG_END_SIZE = 64 * 1024 };

/* ---- postmaster.pid ---- */

static enum postmaster_status status_of(struct text word)
{
    if (text_equal_string(word, "ready")) {
        return POSTMASTER_STATUS_READY;
    }
    return text_equal_string(word, "starting") ? POSTMASTER_STATUS_STARTING
                                               : POSTMASTER_STATUS_UNKNOWN;
}

struct postmaster_pid postmaster_pid_parse(struct text content)
{
    struct postmaster_pid out = {0};
    struct text line = {0};
    int64_t pid = 0;
    for (int number = PID_LINE; number <= STATUS_LINE && text_next_line(&content, &line);
         number++) {
        if (number == PID_LINE && text_to_int64(text_trim(line), 2, INT_MAX, &pid)) {
            out.pid = (pid_t)pid;
        }
        if (number == STATUS_LINE) {
            out.status = status_of(text_trim(line));
        }
    }
    return out;
}

static const char *pid_file(const struct cluster *cluster, char out[CLUSTER_PATH_SIZE + 32])
{
    snprintf(out, CLUSTER_PATH_SIZE + 32, "%s/postmaster.pid", cluster->data);
    return out;
}

struct postmaster_pid postmaster_pid_read(const struct cluster *cluster)
{
    char path[CLUSTER_PATH_SIZE + 32];
    struct buf content AUTO_BUF;
    buf_init(&content, PID_FILE_MAX_SIZE);
    return file_read(pid_file(cluster, path), &content, NULL) == DSQL_OK
               ? postmaster_pid_parse(buf_text(&content))
               : (struct postmaster_pid){0};
}

void postmaster_pid_remove(const struct cluster *cluster)
{
    char path[CLUSTER_PATH_SIZE + 32];
    unlink(pid_file(cluster, path));
}

/* ---- The log ---- */

/* What is after the first occurrence of the level. */
static bool words_after(struct text line, const char *level, struct text *words)
{
    for (size_t at = 0; at < line.len; at++) {
        struct text rest = text_slice(line, at, line.len);
        if (text_starts_with(rest, level)) {
            *words = text_trim(text_slice(rest, strlen(level), rest.len));
            return true;
        }
    }
    return false;
}

/*
 * What clients are told while the server starts or stops is no reason for it.  Without a
 * configuration the server has no log yet, and its errors begin with the name of the program.
 */
static bool find_words(struct text line, struct text *words)
{
    if (text_starts_with(line, "postgres: ") || text_starts_with(line, "initdb: error: ")) {
        return words_after(line, ": ", words);
    }
    if (words_after(line, "LOG:  ", words)) {
        return text_contains(*words, " was terminated by signal "); /* of its processes */
    }
    return (words_after(line, "FATAL:  ", words) || words_after(line, "PANIC:  ", words)) &&
           !text_starts_with(*words, "the database system is ");
}

/* As printable ASCII, since it goes into an error and into state.json. */
static void copy_printable(struct text words, char out[POSTMASTER_COMPLAINT_SIZE])
{
    size_t limit = POSTMASTER_COMPLAINT_SIZE - 1;
    size_t len = words.len < limit ? words.len : limit;
    for (size_t i = 0; i < len; i++) {
        out[i] = '?';
        if (words.data[i] >= ' ' && words.data[i] <= '~') {
            out[i] = words.data[i];
        }
    }
    out[len] = '\0';
}

void postmaster_log_find_complaint(struct text log, char out[POSTMASTER_COMPLAINT_SIZE])
{
    struct text line = {0};
    struct text words = {0};
    out[0] = '\0';
    while (text_next_line(&log, &line)) {
        if (find_words(line, &words)) {
            copy_printable(words, out);
        }
    }
}

off_t postmaster_log_size(const struct cluster *cluster)
{
    struct stat info;
    return stat(cluster->postgres_log, &info) == 0 ? info.st_size : 0;
}

/* Only the last part of the log is read: the reason is at its end. */
void postmaster_log_complaint(const struct cluster *cluster, off_t from,
                              char out[POSTMASTER_COMPLAINT_SIZE])
{
    char chunk[LOG_END_SIZE];
    struct stat info;
    out[0] = '\0';
    int fd = open(cluster->postgres_log, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    ssize_t got = -1;
    if (fstat(fd, &info) == 0) {
        /* A log that was rotated meanwhile is shorter than from. */
        off_t at = from > info.st_size ? 0 : from;
        at = info.st_size - at > LOG_END_SIZE ? info.st_size - LOG_END_SIZE : at;
        got = pread(fd, chunk, sizeof chunk, at);
    }
    close(fd);
    postmaster_log_find_complaint(text_of_bytes(chunk, got < 0 ? 0 : (size_t)got), out);
}
