/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks are small, so a reader needs little memory whatever a length claims.  The checksum finds
 * damage and truncation; it does not authenticate the file.
 */
#include "local/backup_file.h"

#include "base/error.h"
#include "base/reader.h"

#include <openssl/evp.h>

#include <string.h>

enum { CHUNK_MAX = 64 << 10, CHUNK_HEADER_SIZE = 5, DIGEST_SIZE = 32 };

#define FIRST_LINE "dsql local dump 2\n"

/* What earlier builds wrote: SQL, which can run anything. */
#define OLD_FIRST_LINE "-- dsql local "

/* ---- Writing ---- */

static void write_bytes(struct backup_writer *writer, const void *bytes, size_t len)
{
    fwrite(bytes, 1, len, writer->out);
    EVP_DigestUpdate(writer->digest, bytes, len);
}

static void make_header(struct buf *header, enum backup_chunk kind, size_t len)
{
    buf_init(header, CHUNK_HEADER_SIZE);
    buf_add_char(header, (char)kind);
    buf_add_u32(header, (uint32_t)len);
}

bool backup_writer_begin(struct backup_writer *writer, FILE *out)
{
    writer->out = out;
    writer->digest = EVP_MD_CTX_new();
    if (writer->digest == NULL || EVP_DigestInit_ex(writer->digest, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(writer->digest);
        return false;
    }
    write_bytes(writer, FIRST_LINE, strlen(FIRST_LINE));
    return true;
}

static void write_chunk(struct backup_writer *writer, enum backup_chunk kind, struct text bytes)
{
    struct buf header AUTO_BUF;
    make_header(&header, kind, bytes.len);
    write_bytes(writer, header.data, header.len);
    write_bytes(writer, bytes.data, bytes.len);
}

void backup_writer_add(struct backup_writer *writer, enum backup_chunk kind, struct text bytes)
{
    for (; !text_is_empty(bytes); bytes = text_slice(bytes, CHUNK_MAX, bytes.len)) {
        write_chunk(writer, kind, text_slice(bytes, 0, CHUNK_MAX));
    }
}

void backup_writer_end(struct backup_writer *writer, bool is_complete)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (is_complete && EVP_DigestFinal_ex(writer->digest, sum, &len) == 1) {
        struct buf header AUTO_BUF;
        make_header(&header, BACKUP_END, len);
        fwrite(header.data, 1, header.len, writer->out);
        fwrite(sum, 1, len, writer->out);
    }
    EVP_MD_CTX_free(writer->digest);
    writer->digest = NULL;
}

/* ---- Reading ---- */

struct file_reader {
    FILE *in;
    const char *name;
    EVP_MD_CTX *digest;
    struct buf *contents;
    FILE *archive;
    char last; /* the letter of the last chunk; 0: none yet */
    char bytes[CHUNK_MAX];
};

static dsql_status fail_damaged(const struct file_reader *reader, const char *what, dsql_error *err)
{
    return fail(err, DSQL_ERR_USAGE, "\"%s\" is damaged: %s. Use another copy of it", reader->name,
                what);
}

/* The next bytes.  A short file is incomplete, which is another mistake than a damaged one. */
static dsql_status read_bytes(struct file_reader *reader, size_t len, dsql_error *err)
{
    if (fread(reader->bytes, 1, len, reader->in) == len) {
        return DSQL_OK;
    }
    return ferror(reader->in)
               ? fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", reader->name)
               : fail(err, DSQL_ERR_USAGE,
                      "\"%s\" is incomplete: its end is missing. Use another copy of it",
                      reader->name);
}

/* The first line decides between a container, a file of an earlier build, and anything else. */
static dsql_status read_first_line(struct file_reader *reader, dsql_error *err)
{
    size_t got = fread(reader->bytes, 1, strlen(FIRST_LINE), reader->in);
    struct text line = text_of_bytes(reader->bytes, got);
    EVP_DigestUpdate(reader->digest, line.data, line.len);
    if (text_equal_string(line, FIRST_LINE)) {
        return DSQL_OK;
    }
    if (text_starts_with(line, OLD_FIRST_LINE)) {
        return fail(err, DSQL_ERR_USAGE,
                    "\"%s\" was written by an earlier dsql, as SQL that could run programs as your "
                    "user. Start the cluster that it is from, and dump it again",
                    reader->name);
    }
    return fail(err, DSQL_ERR_USAGE, "\"%s\" was not written by 'dsql local dump'", reader->name);
}

static dsql_status check_end(struct file_reader *reader, size_t len, dsql_error *err)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int sum_len = 0;
    if (EVP_DigestFinal_ex(reader->digest, sum, &sum_len) != 1 ||
        !text_equal(text_of_bytes(sum, sum_len), text_of_bytes(reader->bytes, len))) {
        return fail_damaged(reader, "its checksum is wrong", err);
    }
    return fgetc(reader->in) == EOF ? DSQL_OK
                                    : fail_damaged(reader, "something follows its end", err);
}

/* The contents come before the archive, and neither comes twice. */
static bool is_in_order(char last, char kind)
{
    switch (kind) {
    case BACKUP_CONTENTS:
        return last == 0 || last == BACKUP_CONTENTS;
    case BACKUP_ARCHIVE:
        return last == BACKUP_CONTENTS || last == BACKUP_ARCHIVE;
    default:
        return kind == BACKUP_END && last == BACKUP_ARCHIVE;
    }
}

static dsql_status keep_chunk(struct file_reader *reader, size_t len, dsql_error *err)
{
    EVP_DigestUpdate(reader->digest, reader->bytes, len);
    if (reader->last == BACKUP_CONTENTS) {
        buf_add(reader->contents, reader->bytes, len);
        return buf_ok(reader->contents) ? DSQL_OK
                                        : fail_damaged(reader, "its description is too large", err);
    }
    return fwrite(reader->bytes, 1, len, reader->archive) == len
               ? DSQL_OK
               : fail_errno(err, DSQL_ERR_SYSTEM, "could not copy \"%s\"", reader->name);
}

static dsql_status read_chunk(struct file_reader *reader, dsql_error *err)
{
    unsigned char header[CHUNK_HEADER_SIZE];
    dsql_status status = read_bytes(reader, sizeof header, err);
    if (status != DSQL_OK) {
        return status;
    }
    memcpy(header, reader->bytes, sizeof header);
    struct reader fields;
    reader_init(&fields, text_of_bytes(header, sizeof header));
    char kind = (char)reader_u8(&fields);
    size_t len = reader_u32(&fields);
    if (!is_in_order(reader->last, kind) || len > sizeof reader->bytes) {
        return fail_damaged(reader, "a chunk of it is not valid", err);
    }
    status = read_bytes(reader, len, err);
    reader->last = kind;
    if (status != DSQL_OK || kind == BACKUP_END) {
        return status == DSQL_OK ? check_end(reader, len, err) : status;
    }
    EVP_DigestUpdate(reader->digest, header, sizeof header);
    return keep_chunk(reader, len, err);
}

dsql_status backup_file_read(FILE *in, const char *name, struct buf *contents, FILE *archive,
                             dsql_error *err)
{
    struct file_reader reader = {.in = in, .name = name, .contents = contents, .archive = archive};
    reader.digest = EVP_MD_CTX_new();
    if (reader.digest == NULL || EVP_DigestInit_ex(reader.digest, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(reader.digest);
        return fail_nomem(err);
    }
    dsql_status status = read_first_line(&reader, err);
    while (status == DSQL_OK && reader.last != BACKUP_END) {
        status = read_chunk(&reader, err);
    }
    EVP_MD_CTX_free(reader.digest);
    if (status == DSQL_OK && fflush(archive) != 0) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not copy \"%s\"", name);
    }
    return status;
}
