/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL reads and writes through a BIO of our own, so it never sees a socket and never blocks.
 * It reads where the bytes lie, and what it writes is kept only until it is sent: a session that
 * is idle has no buffer, unlike with OpenSSL's memory BIO, which keeps its largest.  Mostly the
 * network takes it at once, from OpenSSL's own buffer, and nothing is copied.  Whoever moves bytes
 * between the engine and the network calls these functions in turn; after each of them there may be
 * encrypted bytes to send (an alert, a part of the handshake).  RFC 8446 is the source for what the
 * records mean.
 */
#include "net/tls_engine.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <string.h>

/* In bytes: far above what one call can produce. */
enum { OUTGOING_MAX = 4 * 1024 * 1024 };

/* ---- The BIO ----------------------------------------------------------- */

/* Made once and never freed, as OpenSSL's own methods. */
static BIO_METHOD *method;
static CRYPTO_ONCE method_once = CRYPTO_ONCE_STATIC_INIT;

static int bio_read(BIO *bio, char *out, int size)
{
    struct tls_engine *engine = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (size <= 0 || text_is_empty(engine->incoming)) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = engine->incoming.len < (size_t)size ? engine->incoming.len : (size_t)size;
    memcpy(out, engine->incoming.data, len);
    engine->incoming = text_slice(engine->incoming, len, engine->incoming.len);
    return (int)len;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
    struct tls_engine *engine = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0) {
        return 0;
    }
    struct text rest = text_of_bytes(bytes, (size_t)len);
    if (engine->send_now != NULL && engine->outgoing.len == 0) {
        rest = text_slice(rest, engine->send_now(engine->arg, rest), rest.len);
    }
    buf_add_text(&engine->outgoing, rest);
    return buf_ok(&engine->outgoing) ? len : -1;
}

/* OpenSSL flushes after each flight of the handshake, and takes 0 for a failure. */
static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls_engine");
    if (method != NULL) {
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
}

static BIO *bio_new(struct tls_engine *engine)
{
    BIO *bio = NULL;
    if (CRYPTO_THREAD_run_once(&method_once, make_method) == 1 && method != NULL) {
        bio = BIO_new(method);
    }
    if (bio != NULL) {
        BIO_set_data(bio, engine);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* ---- Making and ending ------------------------------------------------- */

/* The limit grows with the bytes that the client has sent, as a client's own limits do. */
static bool has_too_many_controls(const struct tls_engine *engine)
{
    return engine->control_count >
           TLS_ENGINE_CONTROL_MAX + engine->byte_count / TLS_ENGINE_BYTES_PER_CONTROL;
}

/*
 * Called for each message in either direction: an answer to a refused renegotiation is seen only
 * as what is sent.  Other types are headers and data.  One SSL_read() would go on through all that
 * has come, so above the limit it finds nothing more.
 */
static void on_message(int is_written, int version, int type, const void *bytes, size_t len,
                       SSL *ssl, void *arg)
{
    struct tls_engine *engine = arg;
    (void)is_written;
    (void)version;
    (void)bytes;
    (void)len;
    (void)ssl;
    bool is_control =
        type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT || type == SSL3_RT_CHANGE_CIPHER_SPEC;
    if (is_control && engine->is_established) {
        engine->control_count++;
    }
    if (has_too_many_controls(engine)) {
        engine->incoming = text_of("");
    }
}

/* SSL_set_bio() takes the BIO, and SSL_free() frees it. */
static bool init(struct tls_engine *engine, SSL_CTX *context)
{
    *engine = (struct tls_engine){.ssl = SSL_new(context)};
    BIO *bio = bio_new(engine);
    if (engine->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        SSL_free(engine->ssl);
        engine->ssl = NULL;
        return false;
    }
    buf_init(&engine->outgoing, OUTGOING_MAX);
    SSL_set_bio(engine->ssl, bio, bio);
    SSL_set_msg_callback(engine->ssl, on_message);
    SSL_set_msg_callback_arg(engine->ssl, engine);
    return true;
}

bool tls_engine_init(struct tls_engine *engine, SSL_CTX *context)
{
    if (!init(engine, context)) {
        return false;
    }
    SSL_set_accept_state(engine->ssl);
    return true;
}

/* As the macro SSL_set_tlsext_host_name(), which casts const away in a way that clang reports. */
static bool set_server_name(SSL *ssl, const char *host)
{
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    (void *)(uintptr_t)host) == 1; /* NOLINT(performance-no-int-to-ptr) */
}

/*
 * As libpq with sslmode=verify-full.  A server without ALPN is accepted, as PostgreSQL before 17;
 * what is sent after the handshake is no use to another protocol.
 */
bool tls_engine_init_client(struct tls_engine *engine, SSL_CTX *context, const char *host)
{
    if (!init(engine, context)) {
        return false;
    }
    SSL_set_connect_state(engine->ssl);
    SSL_set_hostflags(engine->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(engine->ssl, host) == 1 && set_server_name(engine->ssl, host)) {
        return true;
    }
    tls_engine_clear(engine);
    return false;
}

void tls_engine_clear(struct tls_engine *engine)
{
    tls_buffers_leave(&engine->buffers);
    SSL_free(engine->ssl);
    buf_clear(&engine->outgoing);
    *engine = (struct tls_engine){0};
}

/* ---- Bytes ------------------------------------------------------------- */

/*
 * OpenSSL's queue of errors belongs to the thread, not to a session: it is cleared before a
 * call, so that SSL_get_error() does not find the failure of another session, and after it.  It is
 * nearly always empty, and to look costs a tenth of clearing its 16 entries.
 */
static void clear_errors(void)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

void tls_engine_receive(struct tls_engine *engine, struct text bytes)
{
    engine->incoming = bytes;
}

/*
 * Whether the call that gave this result can go on when more bytes have come.  Any other error is
 * final for the session: OpenSSL forbids further calls after SSL_ERROR_SSL, except for sending
 * the alert that already waits.
 */
static bool needs_more(struct tls_engine *engine, int result)
{
    int error = SSL_get_error(engine->ssl, result);
    engine->failure = ERR_reason_error_string(ERR_peek_error());
    clear_errors();
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
    tls_buffers_use(&engine->buffers, engine->ssl);
    clear_errors();
    int result = SSL_do_handshake(engine->ssl);
    engine->is_established = engine->is_established || result == 1;
    return result == 1 || needs_more(engine, result);
}

/*
 * SSL_read() before the end of the handshake would continue it and could report a handshake
 * failure as the end of the data, so it is not called then.  Nor is it when there is nothing to
 * read: after most reads it would only say so, at half the cost of a read.
 */
enum tls_engine_result tls_engine_read(struct tls_engine *engine, char *out, size_t size,
                                       size_t *len)
{
    bool has_input = !text_is_empty(engine->incoming) || SSL_pending(engine->ssl) > 0;
    if (!SSL_is_init_finished(engine->ssl) || !has_input) {
        return TLS_ENGINE_NEEDS_MORE;
    }
    tls_buffers_use(&engine->buffers, engine->ssl);
    clear_errors();
    int result = SSL_read(engine->ssl, out, size < INT_MAX ? (int)size : INT_MAX);
    if (has_too_many_controls(engine)) {
        return TLS_ENGINE_ENDED;
    }
    if (result <= 0) {
        return needs_more(engine, result) ? TLS_ENGINE_NEEDS_MORE : TLS_ENGINE_ENDED;
    }
    *len = (size_t)result;
    engine->byte_count += *len;
    return TLS_ENGINE_DATA;
}

/* The BIO takes everything, so SSL_write() either writes all or fails; there is no partial write
   to continue. */
bool tls_engine_write(struct tls_engine *engine, struct text bytes)
{
    tls_buffers_use(&engine->buffers, engine->ssl);
    clear_errors();
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
        clear_errors();
        (void)SSL_shutdown(engine->ssl);
        clear_errors();
    }
}

struct text tls_engine_pending(const struct tls_engine *engine)
{
    return buf_text(&engine->outgoing);
}

void tls_engine_sent(struct tls_engine *engine)
{
    buf_clear(&engine->outgoing);
}
