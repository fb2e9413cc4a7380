/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL reads from one memory BIO and writes to another, so it never sees a socket and never
 * blocks.  Whoever moves bytes between the BIOs and the network calls these functions in turn;
 * after each of them there may be encrypted bytes to send (an alert, a part of the handshake).
 * RFC 8446 is the source for what the records mean.
 */
#include "net/tls_engine.h"

#include <openssl/err.h>

#include <limits.h>

/*
 * OpenSSL's queue of errors belongs to the thread, not to a session: it is cleared before a
 * call, so that SSL_get_error() does not find the failure of another session, and after it.
 */

/*
 * SSL_set_bio() takes both BIOs, and SSL_free() frees them.  Before that they must be freed here.
 */
bool tls_engine_init(struct tls_engine *engine, SSL_CTX *context)
{
    SSL *ssl = SSL_new(context);
    BIO *from_network = BIO_new(BIO_s_mem());
    BIO *to_network = BIO_new(BIO_s_mem());
    if (ssl == NULL || from_network == NULL || to_network == NULL) {
        BIO_free(from_network);
        BIO_free(to_network);
        SSL_free(ssl);
        return false;
    }
    SSL_set_bio(ssl, from_network, to_network);
    SSL_set_accept_state(ssl);
    *engine = (struct tls_engine){ssl, from_network, to_network};
    return true;
}

void tls_engine_clear(struct tls_engine *engine)
{
    SSL_free(engine->ssl);
    *engine = (struct tls_engine){0};
}

/*
 * The memory BIO has no limit of its own.  It stays small, because a stream decrypts each chunk
 * before it reads the next one.
 */
bool tls_engine_receive(struct tls_engine *engine, struct text bytes)
{
    return text_is_empty(bytes) ||
           (bytes.len <= INT_MAX &&
            BIO_write(engine->from_network, bytes.data, (int)bytes.len) == (int)bytes.len);
}

/*
 * Whether the call that gave this result can go on when more bytes have come.  Any other error is
 * final for the session: OpenSSL forbids further calls after SSL_ERROR_SSL, except for sending
 * the alert that already waits.
 */
static bool needs_more(const struct tls_engine *engine, int result)
{
    int error = SSL_get_error(engine->ssl, result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/*
 * Both sides may need several turns.  A client that waits too long is the business of the
 * caller's timer, not of this function.
 */
bool tls_engine_handshake(struct tls_engine *engine)
{
    if (SSL_is_init_finished(engine->ssl)) {
        return true;
    }
    ERR_clear_error();
    int result = SSL_do_handshake(engine->ssl);
    return result == 1 || needs_more(engine, result);
}

/*
 * SSL_read() before the end of the handshake would continue it and could report a handshake
 * failure as the end of the data, so it is not called then.
 */
enum tls_engine_result tls_engine_read(struct tls_engine *engine, char *out, size_t size,
                                       size_t *len)
{
    if (!SSL_is_init_finished(engine->ssl)) {
        return TLS_ENGINE_NEEDS_MORE;
    }
    ERR_clear_error();
    int result = SSL_read(engine->ssl, out, size < INT_MAX ? (int)size : INT_MAX);
    if (result <= 0) {
        return needs_more(engine, result) ? TLS_ENGINE_NEEDS_MORE : TLS_ENGINE_ENDED;
    }
    *len = (size_t)result;
    return TLS_ENGINE_DATA;
}

/*
 * The memory BIO takes everything, so SSL_write() either writes all or fails; there is no partial
 * write to continue.
 */
bool tls_engine_write(struct tls_engine *engine, struct text bytes)
{
    ERR_clear_error();
    return bytes.len <= INT_MAX && SSL_write(engine->ssl, bytes.data, (int)bytes.len) > 0;
}

/*
 * Before the end of the handshake, SSL_shutdown() is an error in OpenSSL (and there is no session
 * to end).  Only our close_notify is sent; the peer's is not waited for (RFC 8446, 6.1: each side
 * closes its own direction).
 */
void tls_engine_end(struct tls_engine *engine)
{
    if (SSL_is_init_finished(engine->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(engine->ssl);
        ERR_clear_error();
    }
}

size_t tls_engine_pending(const struct tls_engine *engine)
{
    return BIO_ctrl_pending(engine->to_network);
}

size_t tls_engine_take(struct tls_engine *engine, char *out, size_t size)
{
    int len = BIO_read(engine->to_network, out, size < INT_MAX ? (int)size : INT_MAX);
    return len > 0 ? (size_t)len : 0;
}
