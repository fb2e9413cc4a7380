/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The container that `dsql local dump` writes.  After a first line come chunks: a letter, the
 * length as four bytes, big-endian, and that many bytes.
 *
 *   C   the description of the cluster's contents: JSON (contents.h)
 *   A   pg_dump's archive, in its custom format
 *   E   the end: the SHA-256 of all bytes before this chunk
 *
 * Chunks of one letter are parts of one text.  Everything can be written to a pipe and read from
 * one.  This module does not know what the JSON or the archive contain.
 */
#ifndef DSQL_LOCAL_BACKUP_FILE_H
#define DSQL_LOCAL_BACKUP_FILE_H

#include "base/buf.h"

#include <dsql.h>
#include <openssl/evp.h>

#include <stdio.h>

enum { BACKUP_CONTENTS_MAX = 256 << 20 };

enum backup_chunk { BACKUP_CONTENTS = 'C', BACKUP_ARCHIVE = 'A', BACKUP_END = 'E' };

/** Write errors are remembered by the FILE: the caller asks ferror() at the end. */
struct backup_writer {
    FILE *out;
    EVP_MD_CTX *digest;
};

/** False: out of memory. */
bool backup_writer_begin(struct backup_writer *writer, FILE *out);
void backup_writer_add(struct backup_writer *writer, enum backup_chunk kind, struct text bytes);
/** Writes the checksum, if the content is complete, and frees what begin() has allocated. */
void backup_writer_end(struct backup_writer *writer, bool is_complete);

/**
 * Reads a whole container: the JSON into contents, the archive into a file.  DSQL_OK means that
 * the checksum is right and that nothing follows.  name is for messages.
 */
dsql_status backup_file_read(FILE *in, const char *name, struct buf *contents, FILE *archive,
                             dsql_error *err);

#endif
