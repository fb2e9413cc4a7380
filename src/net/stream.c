/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS runs over two memory BIOs: what the socket reads goes into one, and what the other
 * holds goes to the socket.  A closed stream stays in memory until libuv has called back,
 * so the functions below may use it after any event.
 */
#include "net/stream.h"

#include "base/memory.h"
#include "base/secret.h"

#include <openssl/err.h>

#include <limits.h>
#include <string.h>

/* How bytes are carried: plain or TLS. */
struct transport {
    void (*receive)(struct stream *stream, struct text bytes);
    bool (*send)(struct stream *stream, struct text bytes);
    void (*send_end)(struct stream *stream);
};

struct stream {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    const struct transport *transport;
    const struct stream_events *events;
    void *arg;
    void (*on_closed)(void *arg);
    SSL *ssl;
    BIO *from_network; /* both belong to ssl */
    BIO *to_network;
    bool is_paused;
    bool is_finishing;
    bool is_ended;
    bool is_closing;
    char network_bytes[STREAM_CHUNK_SIZE];
    char plain_bytes[STREAM_CHUNK_SIZE];
};

struct write_request {
    uv_write_t request;
    struct stream *stream;
    size_t len;
    char data[];
};

static void end(struct stream *stream)
{
    if (stream->is_ended || stream->is_closing) {
        return;
    }
    stream->is_ended = true;
    uv_read_stop(&stream->uv.stream);
    stream->events->on_end(stream->arg);
}

static void deliver(struct stream *stream, struct text bytes)
{
    if (!stream->is_finishing && !stream->is_ended && !stream->is_closing) {
        stream->events->on_data(stream->arg, bytes);
    }
}

/* ---- Writing to the socket --------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
    struct write_request *write = request->data;
    struct stream *stream = write->stream;
    mem_free(write);
    if (stream->is_closing) {
        return;
    }
    if (status < 0) {
        end(stream);
        return;
    }
    if (uv_stream_get_write_queue_size(&stream->uv.stream) < STREAM_QUEUE_LOW) {
        stream->events->on_drain(stream->arg);
    }
}

static struct write_request *write_request_new(struct stream *stream, size_t len)
{
    if (len > INT_MAX) {
        return NULL;
    }
    struct write_request *write = mem_new(sizeof *write + len);
    if (write == NULL) {
        return NULL;
    }
    write->request.data = write;
    write->stream = stream;
    write->len = len;
    return write;
}

static bool write_request_send(struct write_request *write)
{
    uv_buf_t piece = uv_buf_init(write->data, (unsigned)write->len);
    if (uv_write(&write->request, &write->stream->uv.stream, &piece, 1, on_written) != 0) {
        mem_free(write);
        return false;
    }
    return true;
}

/* ---- Plain ------------------------------------------------------------- */

static bool plain_send(struct stream *stream, struct text bytes)
{
    struct write_request *write = write_request_new(stream, bytes.len);
    if (write == NULL) {
        return false;
    }
    memcpy(write->data, bytes.data, bytes.len);
    return write_request_send(write);
}

static void plain_send_end(struct stream *stream)
{
    (void)stream;
}

static const struct transport transport_plain = {deliver, plain_send, plain_send_end};

/* ---- TLS --------------------------------------------------------------- */

/* Writes what OpenSSL has to send to the socket. */
static bool tls_flush(struct stream *stream)
{
    size_t waiting = BIO_ctrl_pending(stream->to_network);
    if (waiting == 0) {
        return true;
    }
    struct write_request *write = write_request_new(stream, waiting);
    if (write == NULL) {
        return false;
    }
    int len = BIO_read(stream->to_network, write->data, (int)waiting);
    write->len = len > 0 ? (size_t)len : 0;
    return write_request_send(write);
}

static bool tls_send(struct stream *stream, struct text bytes)
{
    ERR_clear_error();
    if (bytes.len > INT_MAX || SSL_write(stream->ssl, bytes.data, (int)bytes.len) <= 0) {
        return false;
    }
    return tls_flush(stream);
}

static bool tls_wants_more(const struct stream *stream, int result)
{
    int error = SSL_get_error(stream->ssl, result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static bool tls_handshake(struct stream *stream)
{
    if (SSL_is_init_finished(stream->ssl)) {
        return true;
    }
    ERR_clear_error();
    int result = SSL_do_handshake(stream->ssl);
    return result == 1 || tls_wants_more(stream, result);
}

/* Delivers all that can be decrypted; false at the end of the TLS session. */
static bool tls_read(struct stream *stream)
{
    while (!stream->is_closing && SSL_is_init_finished(stream->ssl)) {
        ERR_clear_error();
        int len = SSL_read(stream->ssl, stream->plain_bytes, sizeof stream->plain_bytes);
        if (len <= 0) {
            return tls_wants_more(stream, len);
        }
        deliver(stream, text_of_bytes(stream->plain_bytes, (size_t)len));
        secret_wipe(stream->plain_bytes, (size_t)len); /* it may contain a password */
    }
    return true;
}

static void tls_receive(struct stream *stream, struct text bytes)
{
    if (!text_is_empty(bytes) &&
        BIO_write(stream->from_network, bytes.data, (int)bytes.len) != (int)bytes.len) {
        end(stream);
        return;
    }
    bool is_alive = tls_handshake(stream) && tls_read(stream);
    if (stream->is_closing) {
        return;
    }
    /* Also after a failure: the alert tells the client why. */
    if (!tls_flush(stream) || !is_alive) {
        end(stream);
    }
}

static void tls_send_end(struct stream *stream)
{
    if (SSL_is_init_finished(stream->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(stream->ssl);
        ERR_clear_error();
        (void)tls_flush(stream);
    }
}

static const struct transport transport_tls = {tls_receive, tls_send, tls_send_end};

bool stream_start_tls(struct stream *stream, SSL_CTX *context, struct text early)
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
    stream->ssl = ssl;
    stream->from_network = from_network;
    stream->to_network = to_network;
    stream->transport = &transport_tls;
    tls_receive(stream, early);
    return true;
}

const SSL *stream_ssl(const struct stream *stream)
{
    return stream->ssl;
}

/* ---- Reading from the socket ------------------------------------------- */

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct stream *stream = handle->data;
    *out = uv_buf_init(stream->network_bytes, sizeof stream->network_bytes);
}

static void on_read(uv_stream_t *handle, ssize_t len, const uv_buf_t *piece)
{
    struct stream *stream = handle->data;
    if (len < 0) {
        end(stream);
    }
    if (len > 0) {
        stream->transport->receive(stream, text_of_bytes(piece->base, (size_t)len));
    }
}

void stream_resume(struct stream *stream)
{
    stream->is_paused = false;
    if (stream->is_ended || stream->is_closing) {
        return;
    }
    int result = uv_read_start(&stream->uv.stream, on_allocate, on_read);
    if (result != 0 && result != UV_EALREADY) {
        end(stream);
    }
}

void stream_pause(struct stream *stream)
{
    stream->is_paused = true;
    if (!stream->is_closing && !stream->is_finishing) {
        uv_read_stop(&stream->uv.stream);
    }
}

/* ---- Making and ending ------------------------------------------------- */

static struct stream *stream_new(const struct stream_events *events, void *arg)
{
    struct stream *stream = mem_new(sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    stream->events = events;
    stream->arg = arg;
    stream->transport = &transport_plain;
    return stream;
}

static void ignore_closed(void *arg)
{
    (void)arg;
}

struct stream *stream_accept(uv_stream_t *server, const struct stream_events *events, void *arg)
{
    struct stream *stream = stream_new(events, arg);
    if (stream == NULL || uv_tcp_init(server->loop, &stream->uv.tcp) != 0) {
        mem_free(stream);
        return NULL;
    }
    stream->uv.handle.data = stream;
    if (uv_accept(server, &stream->uv.stream) != 0 ||
        uv_read_start(&stream->uv.stream, on_allocate, on_read) != 0) {
        stream_close(stream, ignore_closed);
        return NULL;
    }
    uv_tcp_nodelay(&stream->uv.tcp, 1);
    return stream;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct stream *stream = request->data;
    if (stream->is_closing) {
        return;
    }
    stream->events->on_open(stream->arg, status == 0);
    if (status == 0 && !stream->is_closing && !stream->is_paused) {
        stream_resume(stream);
    }
}

struct stream *stream_connect_unix(uv_loop_t *loop, const char *path,
                                   const struct stream_events *events, void *arg)
{
    struct stream *stream = stream_new(events, arg);
    if (stream == NULL || uv_pipe_init(loop, &stream->uv.pipe, 0) != 0) {
        mem_free(stream);
        return NULL;
    }
    stream->uv.handle.data = stream;
    stream->connect.data = stream;
    uv_pipe_connect(&stream->connect, &stream->uv.pipe, path, on_connected);
    return stream;
}

void stream_write(struct stream *stream, struct text bytes)
{
    if (stream->is_ended || stream->is_closing || stream->is_finishing || text_is_empty(bytes)) {
        return;
    }
    if (!stream->transport->send(stream, bytes)) {
        end(stream);
    }
}

bool stream_is_congested(const struct stream *stream)
{
    return uv_stream_get_write_queue_size(&stream->uv.stream) > STREAM_QUEUE_HIGH;
}

static void on_shut_down(uv_shutdown_t *request, int status)
{
    (void)status;
    struct stream *stream = request->data;
    if (!stream->is_closing) {
        stream_resume(stream); /* reads and discards until the other side has ended too */
    }
}

void stream_finish(struct stream *stream)
{
    if (stream->is_finishing || stream->is_closing) {
        return;
    }
    stream->transport->send_end(stream);
    stream->is_finishing = true;
    stream->shutdown.data = stream;
    if (uv_shutdown(&stream->shutdown, &stream->uv.stream, on_shut_down) != 0) {
        end(stream);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    void (*on_closed)(void *arg) = stream->on_closed;
    void *arg = stream->arg;
    SSL_free(stream->ssl);
    mem_free(stream);
    on_closed(arg);
}

void stream_close(struct stream *stream, void (*on_closed)(void *arg))
{
    if (stream->is_closing) {
        return;
    }
    stream->is_closing = true;
    stream->on_closed = on_closed;
    uv_close(&stream->uv.handle, on_handle_closed);
}
