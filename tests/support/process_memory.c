/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "process_memory.h"

#include <openssl/rand.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_SIZE = 16, PIECE_STEP = 8, MAX_AREA = 1 << 30 };

struct area {
    uint64_t from;
    uint64_t to;
    char name[64];
};

static int open_of(pid_t pid, const char *file)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool process_memory_is_readable(pid_t pid)
{
    int file = open_of(pid, "mem");
    if (file >= 0) {
        close(file);
    }
    return file >= 0;
}

/* A line of maps: "FROM-TO rw-p OFFSET DEVICE INODE NAME". */
static bool parse_area(const char *line, struct area *area)
{
    char mode[8] = "";
    area->name[0] = '\0';
    int fields = sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %63s", &area->from,
                        &area->to, mode, area->name);
    return fields >= 3 && mode[0] == 'r' && mode[1] == 'w' && area->to - area->from <= MAX_AREA;
}

static size_t count_pieces(const struct area *area, const char *memory, size_t size,
                           const char *name, const char *bytes, size_t len)
{
    size_t found = 0;
    for (size_t i = 0; i + PIECE_SIZE <= len; i += PIECE_STEP) {
        const char *at = memmem(memory, size, bytes + i, PIECE_SIZE);
        if (at != NULL && found == 0) {
            fprintf(stderr, "%s, from byte %zu on: %s at 0x%" PRIx64 "\n", name, i,
                    area->name[0] == '\0' ? "(anonymous)" : area->name,
                    area->from + (uint64_t)(at - memory));
        }
        found += at == NULL ? 0 : 1;
    }
    return found;
}

static size_t search_area(int file, const struct area *area, const char *name, const char *bytes,
                          size_t len)
{
    size_t size = (size_t)(area->to - area->from);
    char *memory = malloc(size);
    if (memory == NULL) {
        return 1;
    }
    size_t done = 0;
    ssize_t got = 1;
    while (done < size && got > 0) {
        got = pread(file, memory + done, size - done, (off_t)(area->from + done));
        done += got > 0 ? (size_t)got : 0;
    }
    size_t found = count_pieces(area, memory, done, name, bytes, len);
    memset(memory, 0, size);
    free(memory);
    return found;
}

size_t process_memory_find(pid_t pid, const char *name, const void *bytes, size_t len)
{
    char path[64];
    char line[512];
    size_t found = 0;
    struct area area;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    int file = open_of(pid, "mem");
    if (maps == NULL || file < 0) {
        fprintf(stderr, "cannot read the memory of process %d\n", (int)pid);
        abort();
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        if (parse_area(line, &area)) {
            found += search_area(file, &area, name, bytes, len);
        }
    }
    fclose(maps);
    close(file);
    return found;
}

void process_memory_random_secret(char *out, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab";
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = 0;
        if (RAND_bytes(&byte, 1) != 1) {
            abort();
        }
        out[i] = alphabet[byte % 64];
    }
    out[len] = '\0';
}
