/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON file instead of IAM.  It is read at each login and never kept in memory, so an edit
 * applies at once and no secret stays in the daemon.  The keys are real secrets as far as this
 * cluster goes, so texts that hold them are wiped where this code owns them.  jansson's own copies
 * are wiped by its allocator (wiped_memory.h).
 */
#include "local/identity.h"

#include "base/error.h"
#include "base/random.h"
#include "local/file.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

/* In characters, as AWS has them: 20 for an access key id, 40 for a secret. */
enum { KEY_ID_LEN = 20, SECRET_LEN = 40 };

/* The alphabet has 32 or 64 characters: a power of two divides 256, so none is more likely. */
static bool random_text(const char *alphabet, size_t len, char *out)
{
    unsigned char bytes[64];
    size_t count = strlen(alphabet);
    if (len > sizeof bytes || !random_bytes(bytes, len)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = alphabet[bytes[i] % count];
    }
    out[len] = '\0';
    /* The key is made of these. */
    secret_wipe(bytes, sizeof bytes);
    return true;
}

/* As long as keys of AWS; the prefix shows that the key is of a local cluster. */
static json_t *new_identity(void)
{
    static const char prefix[] = "AKIALOCAL";
    char key_id[KEY_ID_LEN + 1] = "AKIALOCAL";
    char secret[SECRET_LEN + 1] = "";
    bool ok = random_text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", KEY_ID_LEN - sizeof prefix + 1,
                          key_id + sizeof prefix - 1) &&
              random_text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                          SECRET_LEN, secret);
    json_t *root = !ok ? NULL
                       : json_pack("{s:[{s:s, s:s, s:s, s:b, s:b}]}", "identities", "access_key_id",
                                   key_id, "secret_access_key", secret, "arn", IDENTITY_ADMIN_ARN,
                                   "may_connect_admin", 1, "may_connect", 1);
    secret_wipe(secret, sizeof secret);
    return root;
}

/*
 * In a buffer that wipes itself: the file has the secret keys.  NULL for any failure: a login is
 * rejected then.
 */
static json_t *load(const char *path)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, FILE_MAX_SIZE);
    if (file_read(path, &content, NULL) != DSQL_OK) {
        return NULL;
    }
    return json_loadb(content.data, content.len, 0, NULL);
}

/*
 * The session token is optional; NULL makes an empty secret.  The caller clears the secrets; on
 * failure there is nothing to clear.
 */
static bool fill(json_t *entry, struct gateway_identity *out)
{
    const char *arn = json_string_value(json_object_get(entry, "arn"));
    const char *secret = json_string_value(json_object_get(entry, "secret_access_key"));
    const char *token = json_string_value(json_object_get(entry, "session_token"));
    *out = (struct gateway_identity){
        .may_connect_admin = json_is_true(json_object_get(entry, "may_connect_admin")),
        .may_connect = json_is_true(json_object_get(entry, "may_connect")),
    };
    bool ok = arn != NULL && secret != NULL && text_copy(text_of(arn), out->arn, sizeof out->arn) &&
              secret_set_string(&out->secret_access_key, secret) &&
              secret_set_string(&out->session_token, token);
    if (!ok) {
        secret_clear(&out->secret_access_key);
        secret_clear(&out->session_token);
    }
    return ok;
}

/*
 * The first entry with that id counts.  The comparison need not be constant in time, as an access
 * key id is not secret.
 */
bool identity_find(const char *path, struct text key_id, struct gateway_identity *out)
{
    json_t *root = load(path);
    json_t *entry = NULL;
    size_t i = 0;
    bool is_found = false;
    json_array_foreach(json_object_get(root, "identities"), i, entry)
    {
        const char *candidate = json_string_value(json_object_get(entry, "access_key_id"));
        if (candidate != NULL && text_equal_string(key_id, candidate)) {
            is_found = fill(entry, out);
            break;
        }
    }
    json_decref(root);
    return is_found;
}

dsql_status identity_read_first(const char *path, char key_id[IDENTITY_KEY_ID_SIZE],
                                struct gateway_identity *out, dsql_error *err)
{
    json_t *root = load(path);
    json_t *entry = json_array_get(json_object_get(root, "identities"), 0);
    const char *id = json_string_value(json_object_get(entry, "access_key_id"));
    bool ok =
        id != NULL && text_copy(text_of(id), key_id, IDENTITY_KEY_ID_SIZE) && fill(entry, out);
    json_decref(root);
    return ok ? DSQL_OK
              : fail(err, DSQL_ERR_SYSTEM,
                     "could not read an identity from \"%s\": it is missing, not readable or "
                     "damaged",
                     path);
}

/*
 * A damaged file is not replaced: it may hold keys that its owner still wants, and clients have
 * the old ones.
 */
static dsql_status check_file(const char *path, dsql_error *err)
{
    char key_id[IDENTITY_KEY_ID_SIZE];
    struct gateway_identity identity;
    if (identity_read_first(path, key_id, &identity, NULL) != DSQL_OK) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "\"%s\" is damaged: it has no valid identity, so no login would be possible. "
                    "Restore the file, or delete it: the next start creates a new access key",
                    path);
    }
    secret_clear(&identity.secret_access_key);
    secret_clear(&identity.session_token);
    return DSQL_OK;
}

/* Takes ownership of root. */
static dsql_status save(const char *path, json_t *root, dsql_error *err)
{
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text == NULL) {
        return fail_nomem(err);
    }
    dsql_status status = file_replace(path, 0600, text_of(text), err);
    secret_wipe(text, strlen(text));
    free(text);
    return status;
}

/* Once in a cluster's life: a new key would lock out every client that has the old one. */
dsql_status identity_create_file(const char *path, dsql_error *err)
{
    if (file_exists(path)) {
        return check_file(path, err);
    }
    json_t *root = new_identity();
    return save(path, root, err);
}

/* As AWS has them, apart from the least length, which is 16 there. */
bool identity_is_key_id(const char *key_id)
{
    size_t len = strlen(key_id);
    for (size_t i = 0; i < len; i++) {
        if (!char_is_alnum(key_id[i]) && key_id[i] != '_') {
            return false;
        }
    }
    return len > 0 && len < IDENTITY_KEY_ID_SIZE;
}

/* Whoever reaches the port may guess, so it must be long.  Those of AWS have 40 characters. */
bool identity_is_secret(const struct secret *secret)
{
    const char *data = secret_string(secret);
    for (size_t i = 0; i < secret->len; i++) {
        if (data[i] <= ' ' || data[i] > '~') {
            return false;
        }
    }
    return secret->len >= IDENTITY_SECRET_MIN && secret->len <= IDENTITY_SECRET_MAX;
}

/* A key without a session token: one that an edit has given the identity would lock it out. */
static bool set_key(json_t *entry, const char *key_id, const struct secret *secret)
{
    json_object_del(entry, "session_token");
    return json_object_set_new(entry, "access_key_id", json_string(key_id)) == 0 &&
           json_object_set_new(entry, "secret_access_key", json_string(secret_string(secret))) == 0;
}

static bool has_key(json_t *entry, const char *key_id, const struct secret *secret)
{
    const char *id = json_string_value(json_object_get(entry, "access_key_id"));
    const char *own = json_string_value(json_object_get(entry, "secret_access_key"));
    return id != NULL && own != NULL && json_object_get(entry, "session_token") == NULL &&
           strcmp(id, key_id) == 0 &&
           secret_equal(own, strlen(own), secret_string(secret), secret->len);
}

dsql_status identity_set_first(const char *path, const char *key_id, const struct secret *secret,
                               dsql_error *err)
{
    json_t *root = load(path);
    json_t *entry = json_array_get(json_object_get(root, "identities"), 0);
    if (entry == NULL) {
        json_decref(root);
        return check_file(path, err);
    }
    if (has_key(entry, key_id, secret)) {
        json_decref(root);
        return DSQL_OK;
    }
    if (!set_key(entry, key_id, secret)) {
        json_decref(root);
        return fail_nomem(err);
    }
    return save(path, root, err);
}
