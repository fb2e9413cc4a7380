/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * libssl's functions, as far as the command uses them; one that is missing here does not link.
 * libcrypto, which comes in the same package, is linked as usual: tokens need it.
 */
#include "cli/delayed/library.h"

#include <openssl/ssl.h>

#include <pthread.h>

/* The functions that return something, and those that do not: result, name, parameters, arguments.
 */
#define FUNCTIONS(F)                                                                               \
    F(long, SSL_CTX_callback_ctrl, (SSL_CTX * ctx, int cmd, void (*callback)(void)),               \
      (ctx, cmd, callback))                                                                        \
    F(int, SSL_CTX_check_private_key, (const SSL_CTX *ctx), (ctx))                                 \
    F(long, SSL_CTX_ctrl, (SSL_CTX * ctx, int cmd, long larg, void *parg), (ctx, cmd, larg, parg)) \
    F(int, SSL_CTX_load_verify_file, (SSL_CTX * ctx, const char *CAfile), (ctx, CAfile))           \
    F(SSL_CTX *, SSL_CTX_new, (const SSL_METHOD *meth), (meth))                                    \
    F(int, SSL_CTX_set_alpn_protos,                                                                \
      (SSL_CTX * ctx, const unsigned char *protos, unsigned int protos_len),                       \
      (ctx, protos, protos_len))                                                                   \
    F(int, SSL_CTX_set_default_verify_paths, (SSL_CTX * ctx), (ctx))                               \
    F(int, SSL_CTX_set_num_tickets, (SSL_CTX * ctx, size_t num_tickets), (ctx, num_tickets))       \
    F(uint64_t, SSL_CTX_set_options, (SSL_CTX * ctx, uint64_t op), (ctx, op))                      \
    F(int, SSL_CTX_up_ref, (SSL_CTX * ctx), (ctx))                                                 \
    F(int, SSL_CTX_use_PrivateKey_file, (SSL_CTX * ctx, const char *file, int type),               \
      (ctx, file, type))                                                                           \
    F(int, SSL_CTX_use_certificate_chain_file, (SSL_CTX * ctx, const char *file), (ctx, file))     \
    F(int, SSL_connect, (SSL * ssl), (ssl))                                                        \
    F(int, SSL_client_hello_get0_ext,                                                              \
      (SSL * s, unsigned int type, const unsigned char **out, size_t *outlen),                     \
      (s, type, out, outlen))                                                                      \
    F(long, SSL_ctrl, (SSL * ssl, int cmd, long larg, void *parg), (ssl, cmd, larg, parg))         \
    F(int, SSL_do_handshake, (SSL * s), (s))                                                       \
    F(X509 *, SSL_get1_peer_certificate, (const SSL *s), (s))                                      \
    F(X509 *, SSL_get_certificate, (const SSL *ssl), (ssl))                                        \
    F(int, SSL_get_error, (const SSL *s, int ret_code), (s, ret_code))                             \
    F(int, SSL_free_buffers, (SSL * ssl), (ssl))                                                   \
    F(void *, SSL_get_ex_data, (const SSL *ssl, int idx), (ssl, idx))                              \
    F(int, SSL_get_fd, (const SSL *s), (s))                                                        \
    F(const char *, SSL_get_servername, (const SSL *s, const int type), (s, type))                 \
    F(long, SSL_get_verify_result, (const SSL *ssl), (ssl))                                        \
    F(const char *, SSL_get_version, (const SSL *s), (s))                                          \
    F(int, SSL_is_init_finished, (const SSL *s), (s))                                              \
    F(SSL *, SSL_new, (SSL_CTX * ctx), (ctx))                                                      \
    F(int, SSL_pending, (const SSL *s), (s))                                                       \
    F(int, SSL_read, (SSL * ssl, void *buf, int num), (ssl, buf, num))                             \
    F(int, SSL_select_next_proto,                                                                  \
      (unsigned char **out, unsigned char *outlen, const unsigned char *in, unsigned int inlen,    \
       const unsigned char *client, unsigned int client_len),                                      \
      (out, outlen, in, inlen, client, client_len))                                                \
    F(int, SSL_set1_host, (SSL * s, const char *hostname), (s, hostname))                          \
    F(int, SSL_set_ex_data, (SSL * ssl, int idx, void *data), (ssl, idx, data))                    \
    F(int, SSL_set_fd, (SSL * s, int fd), (s, fd))                                                 \
    F(int, SSL_shutdown, (SSL * s), (s))                                                           \
    F(int, SSL_write, (SSL * ssl, const void *buf, int num), (ssl, buf, num))                      \
    F(const SSL_METHOD *, TLS_client_method, (void), ())                                           \
    F(const SSL_METHOD *, TLS_server_method, (void), ())

#define PROCEDURES(F)                                                                              \
    F(void, SSL_CTX_free, (SSL_CTX * ctx), (ctx))                                                  \
    F(void, SSL_CTX_set_alpn_select_cb,                                                            \
      (SSL_CTX * ctx, SSL_CTX_alpn_select_cb_func cb, void *arg), (ctx, cb, arg))                  \
    F(void, SSL_CTX_set_client_hello_cb, (SSL_CTX * c, SSL_client_hello_cb_fn cb, void *arg),      \
      (c, cb, arg))                                                                                \
    F(void, SSL_CTX_set_verify, (SSL_CTX * ctx, int mode, SSL_verify_cb callback),                 \
      (ctx, mode, callback))                                                                       \
    F(void, SSL_free, (SSL * ssl), (ssl))                                                          \
    F(void, SSL_set_accept_state, (SSL * s), (s))                                                  \
    F(void, SSL_set_bio, (SSL * s, BIO * rbio, BIO * wbio), (s, rbio, wbio))                       \
    F(void, SSL_set_connect_state, (SSL * s), (s))                                                 \
    F(void, SSL_set_hostflags, (SSL * s, unsigned int flags), (s, flags))                          \
    F(void, SSL_set_msg_callback,                                                                  \
      (SSL * ssl, void (*cb)(int write_p, int version, int content_type, const void *buf,          \
                             size_t len, SSL *ssl, void *arg)),                                    \
      (ssl, cb))

/* Types and parameters cannot be in parentheses. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define FIELD(result, name, parameters, arguments) result(*name) parameters;
#define ROW(result, name, parameters, arguments)   {#name, offsetof(struct libssl, name)},

struct libssl {
    FUNCTIONS(FIELD)
    PROCEDURES(FIELD)
};

static const struct delayed_function functions[] = {FUNCTIONS(ROW) PROCEDURES(ROW)};
static struct libssl loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

DELAYED_NOTE(
    "[{\"soname\":[\"" DSQL_LIBSSL "\"],\"feature\":\"tls\","
    "\"description\":\"The proxy, the gateway and the doctor\",\"priority\":\"required\"}]");

static void load(void)
{
    char reason[DELAYED_REASON_SIZE];
    if (!delayed_load(DSQL_LIBSSL, functions, sizeof functions / sizeof functions[0], &loaded,
                      reason)) {
        delayed_end("libssl", reason, "install the version of libcrypto (Debian: libssl3)");
    }
}

static const struct libssl *libssl(void)
{
    pthread_once(&once, load);
    return &loaded;
}

#define FUNCTION(result, name, parameters, arguments)                                              \
    result name parameters                                                                         \
    {                                                                                              \
        return libssl()->name arguments;                                                           \
    }
#define PROCEDURE(result, name, parameters, arguments)                                             \
    result name parameters                                                                         \
    {                                                                                              \
        libssl()->name arguments;                                                                  \
    }

FUNCTIONS(FUNCTION)
PROCEDURES(PROCEDURE)
