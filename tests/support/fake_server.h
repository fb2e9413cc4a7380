/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on 127.0.0.1 that does what a test says: the right thing, or each wrong one.
 * It has a certificate by a CA of its own.  One thread serves one client after the other
 * with the function of the test, which uses the pieces below; any of them may fail, since
 * the client may go away, and then the later ones fail too.
 */
#ifndef TEST_SUPPORT_FAKE_SERVER_H
#define TEST_SUPPORT_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct fake_server;
struct fake_client;

/** number counts the clients from 0. */
typedef void (*fake_serve_fn)(struct fake_client *client, int number, void *arg);

struct fake_identity {
    const char *name;    /* in the certificate */
    bool is_self_signed; /* not by the CA */
};

struct fake_server *fake_server_start(const struct fake_identity *identity, fake_serve_fn serve,
                                      void *arg);
const char *fake_server_port(const struct fake_server *server);
const char *fake_server_ca_file(const struct fake_server *server);
/** Clients accepted so far. */
int fake_server_count(const struct fake_server *server);
/** Ends the thread, whatever it waits for, and removes the files. */
void fake_server_stop(struct fake_server *server);

/* ---- For the function that serves ---- */

/** SSLRequest (not from libpq 17), then TLS with our certificate. */
bool fake_tls(struct fake_client *client);
/** The eight bytes of SSLRequest only. */
bool fake_read_ssl_request(struct fake_client *client);
/** The next startup packet; *parameters ("user\0app\0...") lives until the client goes. */
bool fake_read_startup(struct fake_client *client);
/** Is name=value in the startup packet? */
bool fake_startup_has(const struct fake_client *client, const char *name, const char *value);
/** The name TLS was asked for, or "". */
const char *fake_server_name(const struct fake_client *client);
/** The next message with a type; its body as a string. */
bool fake_read_message(struct fake_client *client, char *type, char *body, size_t body_size);
bool fake_send(struct fake_client *client, const void *data, size_t len);
bool fake_send_message(struct fake_client *client, char type, const void *body, size_t len);
bool fake_send_authentication(struct fake_client *client, int code);
/** FATAL; hint may be NULL. */
bool fake_send_error(struct fake_client *client, const char *sqlstate, const char *message,
                     const char *hint);
/** AuthenticationOk and all up to ReadyForQuery. */
bool fake_send_ready(struct fake_client *client);
/** From SSLRequest to the password, which is copied. */
bool fake_read_password(struct fake_client *client, char *password, size_t size);
/** Reads and forgets until the client hangs up or the server is stopped. */
void fake_listen(struct fake_client *client);

#endif
