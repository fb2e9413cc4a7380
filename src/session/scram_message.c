/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A message is a list of attributes, "x=value", with commas between them.  A value contains no
 * comma.  Unknown attributes at the places where RFC 5802 allows extensions are ignored.  One that
 * must be understood comes first in its message, as "m=".
 */
#include "session/scram_message.h"

#include "base/base64.h"

/* A cursor over the attributes. */
struct attributes {
    struct text rest;
    bool has_more;
};

/* A NUL would end the message early for a peer that reads it as a string. */
static bool attributes_init(struct attributes *attributes, struct text message)
{
    size_t position = 0;
    *attributes = (struct attributes){.rest = message, .has_more = true};
    return message.len <= SCRAM_MESSAGE_MAX && !text_find(message, '\0', &position);
}

/* False at the end, and for a text that is not an attribute. */
static bool next_attribute(struct attributes *attributes, char *name, struct text *value)
{
    struct text attribute;
    if (!attributes->has_more) {
        return false;
    }
    attributes->has_more = text_cut(attributes->rest, ',', &attribute, &attributes->rest);
    if (attribute.len < 2 || attribute.data[1] != '=') {
        return false;
    }
    *name = attribute.data[0];
    *value = text_slice(attribute, 2, attribute.len);
    return true;
}

static bool take_attribute(struct attributes *attributes, char name, struct text *value)
{
    char found = '\0';
    return next_attribute(attributes, &found, value) && found == name;
}

/* Any extensions, which need only be well-formed. */
static bool skip_extensions(struct attributes *attributes)
{
    char name = '\0';
    struct text value;
    while (attributes->has_more) {
        if (!next_attribute(attributes, &name, &value)) {
            return false;
        }
    }
    return true;
}

/* RFC 5802: printable ASCII without the comma, which ends the attribute anyway. */
static bool is_nonce(struct text nonce, size_t max)
{
    for (size_t i = 0; i < nonce.len; i++) {
        if (nonce.data[i] < '!' || nonce.data[i] > '~') {
            return false;
        }
    }
    return nonce.len > 0 && nonce.len <= max;
}

static bool decode_key(struct text text, unsigned char out[SCRAM_KEY_SIZE])
{
    size_t len = 0;
    return base64_decode_bytes(text, out, SCRAM_KEY_SIZE, &len) && len == SCRAM_KEY_SIZE;
}

/* "n", "y" or "p=TYPE", up to the first comma. */
static bool read_flag(struct text flag, struct scram_client_first *out)
{
    if (text_starts_with(flag, "p=") && flag.len > 2) {
        out->flag = SCRAM_BINDING_USED;
        out->binding_type = text_slice(flag, 2, flag.len);
        return true;
    }
    out->flag = text_equal_string(flag, "y") ? SCRAM_BINDING_UNUSED : SCRAM_BINDING_UNSUPPORTED;
    return text_equal_string(flag, "y") || text_equal_string(flag, "n");
}

/*
 * The user's name in "n=" is not looked at: PostgreSQL's protocol sends it in the startup message,
 * and clients of PostgreSQL leave it empty here.
 */
enum scram_parse_result scram_parse_client_first(struct text message,
                                                 struct scram_client_first *out)
{
    struct attributes attributes;
    struct text flag;
    struct text identity;
    struct text user;
    *out = (struct scram_client_first){.flag = SCRAM_BINDING_UNSUPPORTED};
    if (!attributes_init(&attributes, message) ||
        !text_cut(message, ',', &flag, &attributes.rest) || !read_flag(flag, out) ||
        !text_cut(attributes.rest, ',', &identity, &attributes.rest)) {
        return SCRAM_PARSE_MALFORMED;
    }
    if (!text_is_empty(identity)) {
        return text_starts_with(identity, "a=") ? SCRAM_PARSE_UNSUPPORTED : SCRAM_PARSE_MALFORMED;
    }
    out->bare = attributes.rest;
    if (text_starts_with(out->bare, "m=")) {
        return SCRAM_PARSE_UNSUPPORTED;
    }
    bool ok = take_attribute(&attributes, 'n', &user) &&
              take_attribute(&attributes, 'r', &out->nonce) &&
              is_nonce(out->nonce, SCRAM_NONCE_MAX) && skip_extensions(&attributes);
    return ok ? SCRAM_PARSE_OK : SCRAM_PARSE_MALFORMED;
}

enum scram_parse_result scram_parse_server_first(struct text message,
                                                 struct scram_server_first *out)
{
    struct attributes attributes;
    struct text salt;
    struct text iterations;
    int64_t count = 0;
    *out = (struct scram_server_first){.iterations = 0};
    bool is_valid = attributes_init(&attributes, message);
    if (text_starts_with(message, "m=")) {
        return SCRAM_PARSE_UNSUPPORTED;
    }
    is_valid = is_valid && take_attribute(&attributes, 'r', &out->nonce) &&
               is_nonce(out->nonce, (size_t)2 * SCRAM_NONCE_MAX) &&
               take_attribute(&attributes, 's', &salt) &&
               base64_decode_bytes(salt, out->salt, SCRAM_SALT_MAX, &out->salt_len) &&
               out->salt_len > 0 && take_attribute(&attributes, 'i', &iterations) &&
               text_to_int64(iterations, 1, INT32_MAX, &count) && skip_extensions(&attributes);
    out->iterations = (int)count;
    return is_valid ? SCRAM_PARSE_OK : SCRAM_PARSE_MALFORMED;
}

/* The proof is the last attribute; everything before its comma is signed. */
enum scram_parse_result scram_parse_client_final(struct text message,
                                                 struct scram_client_final *out)
{
    struct attributes attributes;
    struct text value;
    char name = '\0';
    *out = (struct scram_client_final){.binding = text_of("")};
    bool ok = attributes_init(&attributes, message) &&
              take_attribute(&attributes, 'c', &out->binding) &&
              take_attribute(&attributes, 'r', &out->nonce);
    size_t signed_len = 0;
    while (ok && name != 'p') {
        signed_len = message.len - attributes.rest.len - 1;
        ok = next_attribute(&attributes, &name, &value);
    }
    ok = ok && !attributes.has_more && decode_key(value, out->proof);
    out->without_proof = text_slice(message, 0, ok ? signed_len : 0);
    return ok ? SCRAM_PARSE_OK : SCRAM_PARSE_MALFORMED;
}

enum scram_parse_result scram_parse_server_final(struct text message,
                                                 struct scram_server_final *out)
{
    struct attributes attributes;
    struct text value;
    char name = '\0';
    *out = (struct scram_server_final){.error = text_of("")};
    if (!attributes_init(&attributes, message) || !next_attribute(&attributes, &name, &value) ||
        !skip_extensions(&attributes)) {
        return SCRAM_PARSE_MALFORMED;
    }
    if (name == 'e' && !text_is_empty(value)) {
        out->error = value;
        return SCRAM_PARSE_OK;
    }
    return name == 'v' && decode_key(value, out->signature) ? SCRAM_PARSE_OK
                                                            : SCRAM_PARSE_MALFORMED;
}

const char *scram_binding_header(enum scram_binding_flag flag)
{
    switch (flag) {
    case SCRAM_BINDING_USED:
        return "p=" SCRAM_BINDING_TYPE ",,";
    case SCRAM_BINDING_UNUSED:
        return "y,,";
    case SCRAM_BINDING_UNSUPPORTED:
        break;
    }
    return "n,,";
}

void scram_write_binding(struct buf *out, enum scram_binding_flag flag, struct text hash)
{
    struct buf bytes AUTO_BUF;
    buf_init(&bytes, SCRAM_MESSAGE_MAX);
    buf_add_string(&bytes, scram_binding_header(flag));
    if (flag == SCRAM_BINDING_USED) {
        buf_add_text(&bytes, hash);
    }
    base64_encode(out, buf_text(&bytes));
    out->is_broken = out->is_broken || !buf_ok(&bytes);
}
