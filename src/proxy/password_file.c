/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords become verifiers when they are read, so the process does not keep them.  Every buffer
 * that has held a part of the file is wiped.
 */
#include "proxy/password_file.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "proxy/private_file.h"

#include <string.h>

struct password_entry {
    size_t user_len;
    char user[PASSWORD_FILE_USER_MAX];
    struct scram_verifier verifier;
};

struct password_list {
    unsigned char key[PASSWORD_FILE_KEY_SIZE];
    size_t count;
    size_t capacity;
    struct password_entry *entries;
};

/* Where the parser is. */
struct file_reader {
    struct password_list *list;
    const char *name;
    int line;
    struct buf user;
    struct buf secret;
};

static dsql_status fail_line(const struct file_reader *reader, dsql_error *err, const char *what)
{
    return fail(err, DSQL_ERR_USAGE, "the password file \"%s\" is not valid: line %d: %s",
                reader->name, reader->line, what);
}

/* ---- The list ---- */

void password_list_free(struct password_list *list)
{
    if (list == NULL) {
        return;
    }
    secret_wipe(list->entries, list->capacity * sizeof *list->entries);
    mem_free(list->entries);
    secret_wipe(list, sizeof *list);
    mem_free(list);
}

static struct text user_of(const struct password_entry *entry)
{
    return text_of_bytes(entry->user, entry->user_len);
}

/* All entries are looked at, wherever the user is. */
static const struct password_entry *find(const struct password_list *list, struct text user)
{
    const struct password_entry *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (text_equal(user_of(&list->entries[i]), user)) {
            found = &list->entries[i];
        }
    }
    return found;
}

/* Without HMAC there is no login: the verifier of zeros has no salt, and the exchange fails. */
static bool make_mock(const struct password_list *list, struct text user,
                      struct scram_verifier *out)
{
    *out = (struct scram_verifier){.iterations = 0};
    return scram_verifier_mock(out, text_of_bytes(list->key, sizeof list->key), user);
}

/* The mock is always computed, so that the time does not tell who is a user. */
bool password_list_find(const struct password_list *list, struct text user,
                        struct scram_verifier *out)
{
    const struct password_entry *found = find(list, user);
    const struct password_entry *any = find(list, text_of(PASSWORD_FILE_ANY_USER));
    bool is_computed = make_mock(list, user, out);
    found = found == NULL ? any : found;
    if (found == NULL || !is_computed) {
        return false;
    }
    *out = found->verifier;
    return true;
}

/* mem_resize_array() would leave a copy of the keys behind. */
static struct password_entry *add_entry(struct password_list *list)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
        struct password_entry *grown = mem_new_array(capacity, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        if (list->count > 0) {
            memcpy(grown, list->entries, list->count * sizeof *grown);
        }
        secret_wipe(list->entries, list->count * sizeof *grown);
        mem_free(list->entries);
        list->entries = grown;
        list->capacity = capacity;
    }
    return &list->entries[list->count++];
}

/* The salt is that of a user who does not exist: adding a user does not change it. */
static dsql_status make_verifier(struct file_reader *reader, struct scram_verifier *out,
                                 dsql_error *err)
{
    struct text secret = buf_text(&reader->secret);
    struct scram_verifier mock;
    if (scram_verifier_is_text(secret)) {
        return scram_verifier_parse(out, secret)
                   ? DSQL_OK
                   : fail_line(reader, err, "the SCRAM-SHA-256 verifier is not valid");
    }
    if (text_starts_with(secret, "md5") && secret.len == strlen("md5") + 32) {
        return fail_line(
            reader, err,
            "an MD5 hash cannot be used with SCRAM-SHA-256. Write the password, or the "
            "verifier that PostgreSQL has in pg_authid");
    }
    if (!scram_password_is_supported(secret)) {
        return fail_line(reader, err, "the password must have 1 to 1024 bytes");
    }
    if (!make_mock(reader->list, buf_text(&reader->user), &mock) ||
        !scram_verifier_make(out, secret, text_of_bytes(mock.salt, mock.salt_len),
                             SCRAM_ITERATIONS)) {
        return fail_nomem(err);
    }
    return DSQL_OK;
}

static dsql_status add_user(struct file_reader *reader, dsql_error *err)
{
    struct password_list *list = reader->list;
    struct text user = buf_text(&reader->user);
    if (text_is_empty(user) || user.len > PASSWORD_FILE_USER_MAX) {
        return fail_line(reader, err, "the name of a user has 1 to 63 bytes");
    }
    if (find(list, user) != NULL) {
        return fail_line(reader, err, "an earlier line has the same user");
    }
    if (list->count == PASSWORD_FILE_USERS_MAX) {
        return fail_line(reader, err, "there are more than 1000 users");
    }
    struct password_entry *entry = add_entry(list);
    if (entry == NULL) {
        return fail_nomem(err);
    }
    entry->user_len = user.len;
    memcpy(entry->user, user.data, user.len);
    return make_verifier(reader, &entry->verifier, err);
}

/* ---- The format ---- */

/* Takes "...", with "" for a quote, off *rest.  False: it does not begin or does not end so. */
static bool take_quoted(struct text *rest, struct buf *out)
{
    buf_reset(out);
    *rest = text_trim_start(*rest);
    if (!text_starts_with(*rest, "\"")) {
        return false;
    }
    *rest = text_slice(*rest, 1, rest->len);
    struct text part;
    while (text_cut(*rest, '"', &part, rest)) {
        buf_add_text(out, part);
        if (!text_starts_with(*rest, "\"")) {
            return buf_ok(out);
        }
        buf_add_char(out, '"');
        *rest = text_slice(*rest, 1, rest->len);
    }
    return false;
}

static bool is_skipped(struct text line)
{
    return text_is_empty(line) || line.data[0] == ';' || line.data[0] == '#';
}

static dsql_status parse_line(struct file_reader *reader, struct text line, dsql_error *err)
{
    size_t nul = 0;
    line = text_trim(line);
    if (is_skipped(line)) {
        return DSQL_OK;
    }
    if (text_find(line, '\0', &nul)) {
        return fail_line(reader, err, "it contains a zero byte");
    }
    if (!take_quoted(&line, &reader->user) || !take_quoted(&line, &reader->secret) ||
        !text_is_empty(text_trim(line))) {
        return fail_line(reader, err,
                         "it must be a user and a password, each between double quotes, as in "
                         "\"app\" \"secret\"");
    }
    return add_user(reader, err);
}

static dsql_status parse_lines(struct file_reader *reader, struct text content, dsql_error *err)
{
    struct text line;
    dsql_status status = DSQL_OK;
    buf_init_secret(&reader->user, PASSWORD_FILE_MAX);
    buf_init_secret(&reader->secret, PASSWORD_FILE_MAX);
    while (status == DSQL_OK && text_next_line(&content, &line)) {
        reader->line++;
        status = parse_line(reader, line, err);
    }
    buf_clear(&reader->user);
    buf_clear(&reader->secret);
    return status;
}

dsql_status password_list_parse(struct text content, const char *name,
                                const unsigned char key[PASSWORD_FILE_KEY_SIZE],
                                struct password_list **out, dsql_error *err)
{
    struct password_list *list = mem_new(sizeof *list);
    *out = NULL;
    if (list == NULL) {
        return fail_nomem(err);
    }
    memcpy(list->key, key, sizeof list->key);
    struct file_reader reader = {.list = list, .name = name};
    dsql_status status = parse_lines(&reader, content, err);
    if (status == DSQL_OK && list->count == 0) {
        status = fail(err, DSQL_ERR_USAGE,
                      "the password file \"%s\" has no user. Write a line as in \"app\" \"secret\"",
                      name);
    }
    if (status != DSQL_OK) {
        password_list_free(list);
        return status;
    }
    *out = list;
    return DSQL_OK;
}

/* ---- Files ---- */

dsql_status password_file_read(const char *path, const unsigned char key[PASSWORD_FILE_KEY_SIZE],
                               struct password_list **out, dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, PASSWORD_FILE_MAX);
    *out = NULL;
    dsql_status status = private_file_read("password file", path, &content, err);
    return status == DSQL_OK ? password_list_parse(buf_text(&content), path, key, out, err)
                             : status;
}

#define GENERATED_COMMENT "; Made by dsql proxy. Delete this file to get a new password.\n"
#define GENERATED_LINE    "\"" PASSWORD_FILE_ANY_USER "\" \""

dsql_status password_file_generate(const char *path, dsql_error *err)
{
    unsigned char bytes[PASSWORD_FILE_KEY_SIZE];
    struct buf content AUTO_BUF;
    buf_init_secret(&content, PASSWORD_FILE_MAX);
    if (!random_bytes(bytes, sizeof bytes)) {
        return fail(err, DSQL_ERR_SYSTEM, "the system has no random bytes for a password");
    }
    buf_add_string(&content, GENERATED_COMMENT GENERATED_LINE);
    base64url_encode(&content, text_of_bytes(bytes, sizeof bytes));
    buf_add_string(&content, "\"\n");
    secret_wipe(bytes, sizeof bytes);
    return buf_ok(&content) ? private_file_create(path, buf_text(&content), err) : fail_nomem(err);
}

/* The user may have changed the file, but not its form. */
dsql_status password_file_read_generated(const char *path, struct secret *password, dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, PASSWORD_FILE_MAX);
    struct text line = text_of("");
    dsql_status status = private_file_read("password file", path, &content, err);
    if (status != DSQL_OK) {
        return status;
    }
    struct text rest = buf_text(&content);
    while (!text_starts_with(line, GENERATED_LINE) && text_next_line(&rest, &line)) {
    }
    struct text found = text_slice(line, strlen(GENERATED_LINE), line.len);
    size_t quote = 0;
    if (!text_starts_with(line, GENERATED_LINE) || !text_find(found, '"', &quote) ||
        !scram_password_is_supported(text_slice(found, 0, quote))) {
        return fail(err, DSQL_ERR_USAGE,
                    "the password file \"%s\" has no password that dsql proxy has made. Delete it "
                    "to get a new one",
                    path);
    }
    return secret_set(password, found.data, quote) ? DSQL_OK : fail_nomem(err);
}

dsql_status password_file_read_key(const char *path, unsigned char key[PASSWORD_FILE_KEY_SIZE],
                                   dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, PASSWORD_FILE_MAX);
    if (!random_bytes(key, PASSWORD_FILE_KEY_SIZE)) {
        return fail(err, DSQL_ERR_SYSTEM, "the system has no random bytes for a key");
    }
    dsql_status status = private_file_create(path, text_of_bytes(key, PASSWORD_FILE_KEY_SIZE), err);
    if (status == DSQL_OK) {
        status = private_file_read("password file", path, &content, err);
    }
    if (status == DSQL_OK && content.len != PASSWORD_FILE_KEY_SIZE) {
        status = fail(err, DSQL_ERR_USAGE,
                      "\"%s\" is damaged: it must have %d bytes. Delete it to get a new one", path,
                      PASSWORD_FILE_KEY_SIZE);
    }
    if (status == DSQL_OK) {
        memcpy(key, content.data, PASSWORD_FILE_KEY_SIZE);
    }
    return status;
}
