/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 5802, section 3:
 *   SaltedPassword = PBKDF2(SASLprep(password), salt, iterations)
 *   ClientKey = HMAC(SaltedPassword, "Client Key"), StoredKey = SHA256(ClientKey)
 *   ServerKey = HMAC(SaltedPassword, "Server Key")
 * Keys that are derived on the way are wiped.
 */
#include "session/scram_verifier.h"

#include "base/base64.h"
#include "base/secret.h"
#include "session/saslprep.h"

#include <openssl/evp.h>

#include <string.h>

#define PREFIX "SCRAM-SHA-256$"

bool scram_password_is_supported(struct text password)
{
    size_t position = 0;
    return password.len > 0 && password.len <= SCRAM_PASSWORD_MAX &&
           !text_find(password, '\0', &position);
}

static bool salted_password(struct text password, struct text salt, int iterations,
                            unsigned char out[SCRAM_KEY_SIZE])
{
    if (!scram_password_is_supported(password) || iterations <= 0 ||
        iterations > SCRAM_ITERATIONS_MAX || salt.len == 0 || salt.len > SCRAM_SALT_MAX) {
        return false;
    }
    struct buf prepared AUTO_BUF;
    buf_init_secret(&prepared, SCRAM_PASSWORD_MAX * SASLPREP_EXPANSION_MAX);
    saslprep(password, &prepared);
    return buf_ok(&prepared) &&
           PKCS5_PBKDF2_HMAC(prepared.data, (int)prepared.len, (const unsigned char *)salt.data,
                             (int)salt.len, iterations, EVP_sha256(), SCRAM_KEY_SIZE, out) == 1;
}

bool scram_keys_derive(struct scram_keys *keys, struct text password, struct text salt,
                       int iterations)
{
    unsigned char salted[SCRAM_KEY_SIZE];
    bool ok = salted_password(password, salt, iterations, salted) &&
              hmac_sha256(text_of_bytes(salted, sizeof salted), text_of("Client Key"),
                          keys->client_key) &&
              hmac_sha256(text_of_bytes(salted, sizeof salted), text_of("Server Key"),
                          keys->server_key) &&
              EVP_Digest(keys->client_key, sizeof keys->client_key, keys->stored_key, NULL,
                         EVP_sha256(), NULL) == 1;
    secret_wipe(salted, sizeof salted);
    if (!ok) {
        secret_wipe(keys, sizeof *keys);
    }
    return ok;
}

bool scram_verifier_make(struct scram_verifier *verifier, struct text password, struct text salt,
                         int iterations)
{
    struct scram_keys keys;
    if (!scram_keys_derive(&keys, password, salt, iterations)) {
        return false;
    }
    *verifier = (struct scram_verifier){.iterations = iterations, .salt_len = salt.len};
    memcpy(verifier->salt, salt.data, salt.len);
    memcpy(verifier->stored_key, keys.stored_key, sizeof keys.stored_key);
    memcpy(verifier->server_key, keys.server_key, sizeof keys.server_key);
    secret_wipe(&keys, sizeof keys);
    return true;
}

/*
 * The keys stay zero.  A client whose proof matched would know a text whose SHA-256 is zero; the
 * exchange fails nevertheless, because its caller knows that this is no user.
 */
bool scram_verifier_mock(struct scram_verifier *verifier, struct text secret, struct text user)
{
    unsigned char digest[SHA256_SIZE];
    if (!hmac_sha256(secret, user, digest)) {
        return false;
    }
    *verifier =
        (struct scram_verifier){.iterations = SCRAM_ITERATIONS, .salt_len = SCRAM_SALT_SIZE};
    memcpy(verifier->salt, digest, SCRAM_SALT_SIZE);
    return true;
}

bool scram_verifier_is_text(struct text text)
{
    return text_starts_with(text, PREFIX);
}

static bool decode_key(struct text text, unsigned char out[SCRAM_KEY_SIZE])
{
    size_t len = 0;
    return base64_decode_bytes(text, out, SCRAM_KEY_SIZE, &len) && len == SCRAM_KEY_SIZE;
}

bool scram_verifier_parse(struct scram_verifier *verifier, struct text text)
{
    struct text parameters;
    struct text keys;
    struct text iterations;
    struct text salt;
    struct text stored_key;
    struct text server_key;
    int64_t count = 0;
    *verifier = (struct scram_verifier){.iterations = 0};
    bool ok = scram_verifier_is_text(text) && text.len <= SCRAM_VERIFIER_TEXT_MAX &&
              text_cut(text_slice(text, strlen(PREFIX), text.len), '$', &parameters, &keys) &&
              text_cut(parameters, ':', &iterations, &salt) &&
              text_cut(keys, ':', &stored_key, &server_key) &&
              text_to_int64(iterations, 1, SCRAM_ITERATIONS_MAX, &count) &&
              base64_decode_bytes(salt, verifier->salt, SCRAM_SALT_MAX, &verifier->salt_len) &&
              verifier->salt_len > 0 && decode_key(stored_key, verifier->stored_key) &&
              decode_key(server_key, verifier->server_key);
    verifier->iterations = (int)count;
    if (!ok) {
        secret_wipe(verifier, sizeof *verifier);
    }
    return ok;
}

void scram_verifier_write(const struct scram_verifier *verifier, struct buf *out)
{
    buf_printf(out, PREFIX "%d:", verifier->iterations);
    base64_encode(out, text_of_bytes(verifier->salt, verifier->salt_len));
    buf_add_char(out, '$');
    base64_encode(out, text_of_bytes(verifier->stored_key, sizeof verifier->stored_key));
    buf_add_char(out, ':');
    base64_encode(out, text_of_bytes(verifier->server_key, sizeof verifier->server_key));
}
