/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on 127.0.0.1 that speaks PostgreSQL's protocol, correctly or not, as the test decides.
 * Its certificate is signed by a CA of its own.  One thread serves one client at a time by calling
 * the test's function, which uses the functions below.  Each of them fails if the client has
 * closed the connection; all later calls then fail too.
 */
#ifndef TEST_SUPPORT_FAKE_SERVER_H
#define TEST_SUPPORT_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct fake_server;
struct fake_client;

/** Serves one client.  number counts the clients, beginning with 0. */
typedef void (*fake_serve_fn)(struct fake_client *client, int number, void *arg);

struct fake_identity {
    const char *name;     /* in the certificate */
    bool is_self_signed;  /* instead of signed by the CA */
    long from_s, until_s; /* when it is valid, seconds from now; both 0: an hour each way */
};

struct fake_server *fake_server_start(const struct fake_identity *identity, fake_serve_fn serve,
                                      void *arg);
const char *fake_server_port(const struct fake_server *server);
const char *fake_server_ca_file(const struct fake_server *server);
/** The number of clients accepted so far. */
int fake_server_count(const struct fake_server *server);
/** Stops the thread, even while it waits, and removes the files. */
void fake_server_stop(struct fake_server *server);

/* ---- For the function that serves a client ---- */

/** Reads SSLRequest (libpq 17 sends none) and starts TLS with our certificate. */
bool fake_tls(struct fake_client *client);
/** Reads only the eight bytes of SSLRequest. */
bool fake_read_ssl_request(struct fake_client *client);
/** Reads the startup message and keeps it until the client is closed. */
bool fake_read_startup(struct fake_client *client);
/** True if the startup message contains name=value. */
bool fake_startup_has(const struct fake_client *client, const char *name, const char *value);
/** The server name that the client sent in TLS (SNI), or "". */
const char *fake_server_name(const struct fake_client *client);
/** Reads the next message that has a type; its body becomes a string. */
bool fake_read_message(struct fake_client *client, char *type, char *body, size_t body_size);
/** The length of the body that was read last. */
size_t fake_message_size(const struct fake_client *client);
/** The TLS session, which is an SSL of OpenSSL; NULL without TLS. */
const struct ssl_st *fake_ssl(const struct fake_client *client);
bool fake_send(struct fake_client *client, const void *data, size_t len);
bool fake_send_message(struct fake_client *client, char type, const void *body, size_t len);
bool fake_send_authentication(struct fake_client *client, int code);
/** Sends an ErrorResponse of severity FATAL.  hint may be NULL. */
bool fake_send_error(struct fake_client *client, const char *sqlstate, const char *message,
                     const char *hint);
/** Sends AuthenticationOk and everything up to ReadyForQuery. */
bool fake_send_ready(struct fake_client *client);
/** Reads everything from SSLRequest to the password, which is copied. */
bool fake_read_password(struct fake_client *client, char *password, size_t size);
/** Reads and discards until the client closes the connection or the server is stopped. */
void fake_listen(struct fake_client *client);

#endif
