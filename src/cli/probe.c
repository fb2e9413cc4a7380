/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests one layer of the network after the other, without libpq, because libpq reports only that
 * the connection as a whole has failed.  Every wait has an end.  Nothing secret is sent: TLS is
 * closed after the handshake, before any startup message.
 */
#include "cli/probe.h"

#include "base/clock.h"
#include "base/text.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Name ---- */

/* Numeric, so that no reverse lookup can block. */
static void address_text(const struct sockaddr *address, socklen_t len, char *out, size_t size)
{
    char host[64] = "?";
    getnameinfo(address, len, host, sizeof host, NULL, 0, NI_NUMERICHOST);
    snprintf(out, size, "%s", host);
}

/* Lists the addresses in the detail, too; those above PROBE_MAX_ADDRESSES are left out. */
static void add_address(const struct addrinfo *found, struct probe_addresses *out,
                        char detail[PROBE_DETAIL_SIZE])
{
    char text[64];
    size_t used = strlen(detail);
    if (out->count == PROBE_MAX_ADDRESSES) {
        return;
    }
    memcpy(&out->list[out->count].address, found->ai_addr, found->ai_addrlen);
    out->list[out->count++].len = found->ai_addrlen;
    address_text(found->ai_addr, found->ai_addrlen, text, sizeof text);
    snprintf(&detail[used], PROBE_DETAIL_SIZE - used, "%s%s", used == 0 ? "" : ", ", text);
}

static bool resolve_one(const char *host, const char *port, struct probe_addresses *out,
                        char detail[PROBE_DETAIL_SIZE])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        snprintf(detail, PROBE_DETAIL_SIZE, "%s: %s", host, gai_strerror(failure));
        return false;
    }
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        add_address(a, out, detail);
    }
    freeaddrinfo(found);
    return true;
}

/* One failing name fails the step: libpq would try the others, but the user meant them all. */
bool probe_resolve(const char *hosts, const char *port, struct probe_addresses *out,
                   char detail[PROBE_DETAIL_SIZE])
{
    char host[256];
    struct text rest = text_of(hosts);
    struct text first;
    out->count = 0;
    detail[0] = '\0';
    while (text_cut(rest, ',', &first, &rest) || !text_is_empty(first)) {
        if (!text_copy(first, host, sizeof host) || !resolve_one(host, port, out, detail)) {
            return false;
        }
    }
    return out->count > 0;
}

/* ---- TCP ---- */

/*
 * Waits for a connect() in progress; returns 0 or an errno.  SO_ERROR has the result of a
 * connection that was made in the background (connect(2), EINPROGRESS).
 */
static int wait_for_connect(int fd, int timeout_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    int ready;
    do {
        ready = poll(&wanted, 1, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) {
        return ready == 0 ? ETIMEDOUT : errno;
    }
    int failure = 0;
    socklen_t len = sizeof failure;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 ? failure : errno;
}

/* As libpq: non-blocking, so that the timeout holds for every address. */
static int connect_one(const struct sockaddr *address, socklen_t len, int timeout_ms)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    int failure = connect(fd, address, len) == 0 ? 0 : errno;
    if (failure == EINPROGRESS) {
        failure = wait_for_connect(fd, timeout_ms);
    }
    if (failure != 0) {
        close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

/*
 * In the order of the addresses, like libpq.  The detail is that of the last attempt, so a
 * failure names the address that was tried last.
 */
int probe_tcp(const struct probe_addresses *addresses, int timeout_ms,
              char detail[PROBE_DETAIL_SIZE])
{
    for (size_t i = 0; i < addresses->count; i++) {
        char text[64];
        const struct sockaddr *address = (const struct sockaddr *)&addresses->list[i].address;
        address_text(address, addresses->list[i].len, text, sizeof text);
        int fd = connect_one(address, addresses->list[i].len, timeout_ms);
        snprintf(detail, PROBE_DETAIL_SIZE, "%s: %s", text,
                 fd >= 0 ? "connected" : strerror(errno));
        if (fd >= 0) {
            return fd;
        }
    }
    return -1;
}

/* ---- TLS ---- */

/*
 * The deadline is for the whole step, not for each wait: a server that sends one byte a second
 * must not hold up the examination.
 */
static bool wait_until(int fd, short events, int64_t deadline_ms)
{
    struct pollfd wanted = {.fd = fd, .events = events};
    for (;;) {
        int64_t left_ms = deadline_ms - clock_monotonic_ms(clock_system());
        int ready = left_ms <= 0 ? 0 : poll(&wanted, 1, (int)left_ms);
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
    }
}

/*
 * PostgreSQL manual, "Message Formats", SSLRequest: the answer is one byte.  Anything but 'S' is
 * 'N', or the 'E' of an error from a server that does not know the request.
 */
static bool ask_for_tls(int fd, int64_t deadline_ms, char detail[PROBE_DETAIL_SIZE])
{
    static const unsigned char request[8] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
    char answer = 0;
    if (send(fd, request, sizeof request, MSG_NOSIGNAL) != (ssize_t)sizeof request ||
        !wait_until(fd, POLLIN, deadline_ms) || recv(fd, &answer, 1, 0) != 1) {
        snprintf(detail, PROBE_DETAIL_SIZE, "the server did not answer the request for TLS");
        return false;
    }
    if (answer != 'S') {
        snprintf(detail, PROBE_DETAIL_SIZE,
                 "the server does not offer TLS, so it is not Aurora DSQL");
        return false;
    }
    return true;
}

/*
 * After a handshake: version of TLS, issuer and end of validity of the certificate.  The issuer
 * is the most useful part: a proxy that intercepts TLS shows itself by its own name there.
 */
static void describe(SSL *ssl, char detail[PROBE_DETAIL_SIZE])
{
    char issuer[96] = "?";
    char until[40] = "?";
    X509 *leaf = SSL_get1_peer_certificate(ssl);
    if (leaf != NULL) {
        X509_NAME_oneline(X509_get_issuer_name(leaf), issuer, sizeof issuer);
        struct tm end;
        if (ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) == 1) {
            strftime(until, sizeof until, "%Y-%m-%d", &end);
        }
    }
    X509_free(leaf);
    snprintf(detail, PROBE_DETAIL_SIZE, "%s, certificate by %s, valid until %s",
             SSL_get_version(ssl), issuer, until);
}

/* A certificate that is not trusted is the usual cause; OpenSSL keeps it apart from others. */
static void describe_failure(SSL *ssl, char detail[PROBE_DETAIL_SIZE])
{
    long verdict = SSL_get_verify_result(ssl);
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    if (verdict != X509_V_OK) {
        snprintf(detail, PROBE_DETAIL_SIZE, "certificate: %s",
                 X509_verify_cert_error_string(verdict));
    } else {
        snprintf(detail, PROBE_DETAIL_SIZE, "handshake: %s",
                 reason == NULL ? "the server closed the connection" : reason);
    }
}

/*
 * TLS 1.2 is the minimum of the service.  "system" is libpq's own word for OpenSSL's default
 * certificates.
 */
static bool trust(SSL_CTX *context, const char *ca_file)
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           (strcmp(ca_file, "system") == 0 ? SSL_CTX_set_default_verify_paths(context)
                                           : SSL_CTX_load_verify_file(context, ca_file)) == 1;
}

/* As the macro SSL_set_tlsext_host_name(), which casts const away in a way that clang reports. */
static bool set_server_name(SSL *ssl, const char *host)
{
    void *name = (void *)(uintptr_t)host; /* NOLINT(performance-no-int-to-ptr) */
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

/*
 * False with *is_late: TLS did not fail, but the server did not answer in time.  The socket does
 * not block, so SSL_connect() is called again whenever it is ready.
 */
static bool connect_until(SSL *ssl, int64_t deadline_ms, bool *is_late)
{
    *is_late = false;
    for (;;) {
        int done = SSL_connect(ssl);
        int wanted = SSL_get_error(ssl, done);
        if (done == 1 || (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE)) {
            return done == 1;
        }
        short events = wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
        if (!wait_until(SSL_get_fd(ssl), events, deadline_ms)) {
            *is_late = true;
            return false;
        }
    }
}

/*
 * SSL_set1_host() makes the name part of the verification, as sslmode=verify-full does.  Without
 * it any trusted certificate would pass.
 */
static bool do_handshake(SSL_CTX *context, int fd, const char *host, int64_t deadline_ms,
                         char detail[PROBE_DETAIL_SIZE])
{
    SSL *ssl = SSL_new(context);
    bool is_ready = ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_set1_host(ssl, host) == 1 &&
                    set_server_name(ssl, host);
    bool is_late = false;
    bool is_secure = is_ready && connect_until(ssl, deadline_ms, &is_late);
    if (is_secure) {
        describe(ssl, detail);
    } else if (is_late) {
        snprintf(detail, PROBE_DETAIL_SIZE, "handshake: the server did not answer in time");
    } else if (is_ready) {
        describe_failure(ssl, detail);
    } else {
        snprintf(detail, PROBE_DETAIL_SIZE, "out of memory");
    }
    SSL_free(ssl);
    return is_secure;
}

/*
 * The queue of OpenSSL's errors is emptied first, so that a failure is not explained by an older
 * error.
 */
bool probe_tls(int socket, const char *host, const char *ca_file, int timeout_ms,
               char detail[PROBE_DETAIL_SIZE])
{
    int64_t deadline_ms = clock_monotonic_ms(clock_system()) + timeout_ms;
    if (!ask_for_tls(socket, deadline_ms, detail)) {
        return false;
    }
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bool is_secure = false;
    if (context != NULL && trust(context, ca_file)) {
        is_secure = do_handshake(context, socket, host, deadline_ms, detail);
    } else {
        snprintf(detail, PROBE_DETAIL_SIZE, "could not read the trusted certificates from %s",
                 ca_file);
    }
    SSL_CTX_free(context);
    return is_secure;
}
