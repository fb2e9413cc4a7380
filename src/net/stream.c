/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for each way of carrying bytes, plain and TLS.  A closed stream stays in memory until
 * libuv has called back, so the functions below may use it after any event.
 *
 * Rules that keep it correct: an event may call stream_close(), so the state is checked after
 * every call of an event; on_end is reported once and never after stream_close(); and bytes that
 * libuv holds for writing belong to a write_request until on_written().  There is no lock: all of
 * it runs in the thread of the loop.
 */
#include "net/stream.h"

#include "base/memory.h"
#include "base/secret.h"
#include "net/client_hello.h"
#include "net/tls.h"
#include "net/tls_engine.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum {
    READ_SIZE = 2 * STREAM_CHUNK_SIZE, /* bytes */
    READS_IN_TURN = 2,
    KEEPALIVE_S = 60 /* below the 350 s after which network load balancers forget a connection */
};

/*
 * How bytes are carried: plain or TLS.  receive() may call events; send() queues and reports
 * whether it could; send_end() adds what must come before FIN.
 */
struct transport {
    void (*receive)(struct stream *stream, struct text bytes);
    bool (*send)(struct stream *stream, struct text bytes);
    void (*send_end)(struct stream *stream);
};

/*
 * What libuv reads into, and what TLS decrypts into.  Both are used within one call of the loop,
 * and a thread has one loop, so its streams share them: a stream that waits has no buffer.
 */
static _Thread_local char network_bytes[READ_SIZE];
static _Thread_local char plain_bytes[READ_SIZE];

/* One connection.  libuv calls back with the handle or the request; their data is the stream. */
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
    SSL_CTX *tls_context;  /* after stream_start_tls(), a reference ... */
    struct buf hello;      /* ... what has come of the ClientHello */
    struct tls_engine tls; /* empty before the ClientHello is complete */
    /*
     * What was called or has happened; none of these is ever taken back, except is_paused.
     * is_ended: on_end was reported.  is_finishing: FIN is queued, and input is discarded.
     * is_closing: no more events, only on_closed.
     */
    bool is_tls_client;
    bool is_tls_direct; /* as a server, without an SSLRequest */
    bool is_paused;
    bool is_finishing;
    bool is_ended;
    bool is_closing;
};

/* A write in progress.  libuv does not copy, so the bytes stay here until on_written(). */
struct write_request {
    uv_write_t request;
    struct stream *stream;
    size_t len;
    char data[];
};

/* Reports the end once, whichever of reading, writing and TLS finds it first. */
static void end(struct stream *stream)
{
    if (stream->is_ended || stream->is_closing) {
        return;
    }
    stream->is_ended = true;
    uv_read_stop(&stream->uv.stream);
    stream->events->on_end(stream->arg);
}

/* Passes plain bytes on.  After stream_finish() they are discarded. */
static void deliver(struct stream *stream, struct text bytes)
{
    if (!stream->is_finishing && !stream->is_ended && !stream->is_closing) {
        stream->events->on_data(stream->arg, bytes);
    }
}

/* ---- Writing to the socket --------------------------------------------- */

/* A closed stream gets its callbacks too (UV_ECANCELED): only the memory is freed then. */
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

/* The length is limited because uv_buf_t and OpenSSL take unsigned and int lengths. */
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

/* If uv_write() fails at once, libuv does not call on_written(), so the memory is freed here. */
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

/*
 * What the socket takes at once needs no memory.  A failure is left to uv_write(), which reports it
 * later: no event is called while the caller writes.
 */
static size_t write_now(struct stream *stream, struct text bytes)
{
    if (uv_stream_get_write_queue_size(&stream->uv.stream) > 0 || bytes.len > INT_MAX) {
        return 0;
    }
    /* uv_try_write() only reads: uv_buf_t has no const. */
    uv_buf_t piece =
        uv_buf_init((char *)(uintptr_t)bytes.data, /* NOLINT(performance-no-int-to-ptr) */
                    (unsigned)bytes.len);
    int written = uv_try_write(&stream->uv.stream, &piece, 1);
    return written > 0 ? (size_t)written : 0;
}

/*
 * The rest is copied: the caller's bytes usually lie in another stream's buffer, which the next
 * read overwrites.
 */
static bool plain_send(struct stream *stream, struct text bytes)
{
    bytes = text_slice(bytes, write_now(stream, bytes), bytes.len);
    if (text_is_empty(bytes)) {
        return true;
    }
    struct write_request *write = write_request_new(stream, bytes.len);
    if (write == NULL) {
        return false;
    }
    memcpy(write->data, bytes.data, bytes.len);
    return write_request_send(write);
}

/* Without TLS, the end of the TCP stream (FIN) is the only sign. */
static void plain_send_end(struct stream *stream)
{
    (void)stream;
}

static const struct transport transport_plain = {deliver, plain_send, plain_send_end};

/* ---- TLS --------------------------------------------------------------- */

/* Writes the encrypted bytes that wait to the socket. */
static bool tls_flush(struct stream *stream)
{
    struct text waiting = tls_engine_pending(&stream->tls);
    if (text_is_empty(waiting)) {
        return true;
    }
    bool is_sent = plain_send(stream, waiting);
    tls_engine_sent(&stream->tls);
    return is_sent;
}

static bool tls_send(struct stream *stream, struct text bytes)
{
    return tls_engine_write(&stream->tls, bytes) && tls_flush(stream);
}

/* Decrypts as many records as fit: one that carries a byte costs no more than that. */
static enum tls_engine_result tls_fill(struct stream *stream, size_t *len)
{
    enum tls_engine_result result = TLS_ENGINE_DATA;
    *len = 0;
    while (result == TLS_ENGINE_DATA && *len < sizeof plain_bytes) {
        size_t more = 0;
        result =
            tls_engine_read(&stream->tls, plain_bytes + *len, sizeof plain_bytes - *len, &more);
        *len += more;
    }
    return result;
}

/* Delivers all that can be decrypted; false at the end of the TLS session. */
static bool tls_deliver(struct stream *stream)
{
    enum tls_engine_result result = TLS_ENGINE_DATA;
    while (!stream->is_closing && result == TLS_ENGINE_DATA) {
        size_t len = 0;
        result = tls_fill(stream, &len);
        if (len > 0) {
            deliver(stream, text_of_bytes(plain_bytes, len));
            if (!stream->is_tls_client) {
                secret_wipe(plain_bytes, len); /* it may contain a password */
            }
        }
    }
    return result != TLS_ENGINE_ENDED;
}

/* A client is told that it may write; what it writes follows the end of the handshake. */
static bool tls_handshake(struct stream *stream)
{
    bool was_established = stream->tls.is_established;
    bool is_alive = tls_engine_handshake(&stream->tls);
    if (stream->is_tls_client && stream->tls.is_established && !was_established) {
        stream->events->on_tls(stream->arg);
    }
    return is_alive;
}

/*
 * One call can finish the handshake and bring plain bytes, and the events may close the
 * stream, so its state is checked again after each of them.
 */
static void tls_receive(struct stream *stream, struct text bytes)
{
    tls_engine_receive(&stream->tls, bytes);
    bool is_alive = tls_handshake(stream) && tls_deliver(stream);
    tls_engine_receive(&stream->tls, text_of("")); /* the bytes are the caller's */
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
    tls_engine_end(&stream->tls);
    (void)tls_flush(stream); /* the connection ends in any case */
}

static const struct transport transport_tls = {tls_receive, tls_send, tls_send_end};

static size_t tls_send_now(void *arg, struct text bytes)
{
    struct stream *stream = arg;
    return stream->is_closing ? 0 : write_now(stream, bytes);
}

/* From here on the engine's bytes go to the socket. */
static void tls_begin(struct stream *stream)
{
    stream->transport = &transport_tls;
    stream->tls.send_now = tls_send_now;
    stream->tls.arg = stream;
}

/* ---- Before TLS -------------------------------------------------------- */

/* RFC 8446, 6: a fatal alert, decode_error.  There is no session yet that could make one. */
static const char hello_alert[] = "\x15\x03\x03\0\x02\x02\x32";

/* The session begins; the hello is its first input, and its memory is not needed afterwards. */
static void begin_session(struct stream *stream)
{
    struct buf hello = stream->hello;
    buf_init(&stream->hello, 0);
    if (tls_engine_init(&stream->tls, stream->tls_context) &&
        (!stream->is_tls_direct || tls_require_alpn(stream->tls.ssl))) {
        tls_begin(stream);
        stream->events->on_tls(stream->arg);
        tls_receive(stream, buf_text(&hello));
    } else {
        end(stream);
    }
    buf_clear(&hello);
}

/* A client that sends slowly costs what it has sent. */
static void hello_receive(struct stream *stream, struct text bytes)
{
    buf_add_text(&stream->hello, bytes);
    enum client_hello_result result = buf_ok(&stream->hello)
                                          ? client_hello_check(buf_text(&stream->hello))
                                          : CLIENT_HELLO_INVALID;
    if (result == CLIENT_HELLO_COMPLETE) {
        begin_session(stream);
    } else if (result == CLIENT_HELLO_INVALID) {
        (void)plain_send(stream, text_of_bytes(hello_alert, sizeof hello_alert - 1));
        end(stream);
    }
}

/* Nothing can be encrypted yet, and nothing may be sent in clear text. */
static bool hello_send(struct stream *stream, struct text bytes)
{
    (void)stream;
    (void)bytes;
    return true;
}

static const struct transport transport_hello = {hello_receive, hello_send, plain_send_end};

/*
 * After SSLRequest there are no early bytes, and the handshake waits for the ClientHello.  With
 * direct TLS, early begins with it.
 */
void stream_start_tls(struct stream *stream, SSL_CTX *context, bool is_direct, struct text early)
{
    SSL_CTX_up_ref(context);
    stream->is_tls_direct = is_direct;
    stream->tls_context = context;
    stream->transport = &transport_hello;
    buf_init(&stream->hello, CLIENT_HELLO_BYTES_MAX + STREAM_CHUNK_SIZE);
    hello_receive(stream, early);
}

/* There is no ClientHello to wait for: it is ours, and is sent at once. */
bool stream_start_tls_client(struct stream *stream, SSL_CTX *context, const char *host)
{
    if (!tls_engine_init_client(&stream->tls, context, host)) {
        return false;
    }
    stream->is_tls_client = true;
    tls_begin(stream);
    tls_receive(stream, text_of(""));
    return true;
}

const SSL *stream_ssl(const struct stream *stream)
{
    return stream->tls.ssl;
}

const char *stream_tls_failure(const struct stream *stream)
{
    return stream->tls.failure;
}

/* ---- Reading from the socket ------------------------------------------- */

/*
 * libuv reads a socket up to 32 times before it looks at the next one.  A stream that is read
 * again and again gets a buffer of no bytes, which ends its turn (UV_ENOBUFS); the rest stays in
 * the socket.  Streams in turns are counted here without knowing when a turn of the loop begins: a
 * stream that is alone loses one call of epoll.
 */
static bool may_read_again(const struct stream *stream)
{
    static _Thread_local const struct stream *last;
    static _Thread_local int count;
    count = stream == last ? count + 1 : 0;
    last = count < READS_IN_TURN ? stream : NULL;
    return count < READS_IN_TURN;
}

/* libuv reads into the buffer and calls on_read() before it asks again. */
static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    bool may_read = may_read_again(handle->data);
    *out = uv_buf_init(network_bytes, may_read ? sizeof network_bytes : 0);
}

/*
 * len 0 is libuv's EAGAIN and means nothing.  A negative len is the end or an error; which of the
 * two does not matter to any caller.
 */
static void on_read(uv_stream_t *handle, ssize_t len, const uv_buf_t *piece)
{
    struct stream *stream = handle->data;
    if (len < 0 && len != UV_ENOBUFS) {
        end(stream);
    }
    if (len > 0) {
        stream->transport->receive(stream, text_of_bytes(piece->base, (size_t)len));
    }
}

/* Reading may already go on (UV_EALREADY): a stream can be resumed from both of its sides. */
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

/*
 * A finishing stream must go on reading: it discards until the other side ends, and with a pause
 * it would wait for that end until the caller's timeout.
 */
void stream_pause(struct stream *stream)
{
    stream->is_paused = true;
    if (!stream->is_closing && !stream->is_finishing) {
        uv_read_stop(&stream->uv.stream);
    }
}

/* ---- Making and ending ------------------------------------------------- */

/* mem_new() zeroes, so TLS is empty and all flags are false. */
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

/* For a stream that its owner never saw: nobody waits for its end. */
static void ignore_closed(void *arg)
{
    (void)arg;
}

static bool init_like(struct stream *stream, const uv_stream_t *server)
{
    int result = server->type == UV_TCP ? uv_tcp_init(server->loop, &stream->uv.tcp)
                                        : uv_pipe_init(server->loop, &stream->uv.pipe, 0);
    return result == 0;
}

/*
 * Before init_like() the memory can simply be freed; after it, libuv knows the handle, and only
 * stream_close() may free it.  TCP_NODELAY, as in PostgreSQL and libpq: queries are small, and
 * Nagle's algorithm would delay them by up to 40 ms.  Keepalives, as a client whose machine is gone
 * may have a transaction open.
 */
struct stream *stream_accept(uv_stream_t *server, const struct stream_events *events, void *arg,
                             bool *is_taken)
{
    struct stream *stream = stream_new(events, arg);
    *is_taken = false;
    if (stream == NULL || !init_like(stream, server)) {
        mem_free(stream);
        return NULL;
    }
    *is_taken = true;
    stream->uv.handle.data = stream;
    if (uv_accept(server, &stream->uv.stream) != 0 ||
        uv_read_start(&stream->uv.stream, on_allocate, on_read) != 0) {
        stream_close(stream, ignore_closed);
        return NULL;
    }
    if (server->type == UV_TCP) {
        uv_tcp_nodelay(&stream->uv.tcp, 1);
        uv_tcp_keepalive(&stream->uv.tcp, 1, KEEPALIVE_S);
    }
    return stream;
}

/* stream_pause() may have been called while the connection was being made. */
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

/*
 * uv_pipe_connect() reports every failure, also a path that does not exist, through
 * on_connected().
 */
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

/* A refused connection is reported later; NULL is for what can be known at once. */
struct stream *stream_connect_tcp(uv_loop_t *loop, const struct sockaddr *address,
                                  const struct stream_events *events, void *arg)
{
    struct stream *stream = stream_new(events, arg);
    if (stream == NULL || uv_tcp_init(loop, &stream->uv.tcp) != 0) {
        mem_free(stream);
        return NULL;
    }
    stream->uv.handle.data = stream;
    stream->connect.data = stream;
    if (uv_tcp_connect(&stream->connect, &stream->uv.tcp, address, on_connected) != 0) {
        stream_close(stream, ignore_closed);
        return NULL;
    }
    uv_tcp_nodelay(&stream->uv.tcp, 1);
    uv_tcp_keepalive(&stream->uv.tcp, 1, KEEPALIVE_S);
    return stream;
}

bool stream_peer_user(const struct stream *stream, uid_t *user)
{
    uv_os_fd_t fd = -1;
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (uv_fileno(&stream->uv.handle, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer) {
        return false;
    }
    *user = peer.uid;
    return true;
}

/* After the end there is no one to write to, and the end was or will be reported. */
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

/* Half-closes: the queue is sent first, then FIN.  The other side may still be sending, and
   closing now would reset the connection and could lose what was just sent. */
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

/* The stream is freed first, so on_closed() may free whatever owns it. */
static void on_handle_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    void (*on_closed)(void *arg) = stream->on_closed;
    void *arg = stream->arg;
    tls_engine_clear(&stream->tls);
    SSL_CTX_free(stream->tls_context);
    buf_clear(&stream->hello);
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
