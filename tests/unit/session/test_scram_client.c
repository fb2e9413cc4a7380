/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The client against our own server, which may lie, and against PostgreSQL. */
#include "postgres.h"
#include "session/scram_client.h"
#include "session/scram_server.h"
#include "unit.h"
#include "wire/backend.h"
#include "wire/message.h"
#include "wire/sasl.h"
#include "wire/startup.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BINDING "0123456789abcdef0123456789abcdef"

enum { OUT_MAX = 8192 };

static struct secret password = {.data = (char[]){"pencil"}, .len = 6};

static struct scram_client new_client(const char *binding, struct scram_client_cache *cache)
{
    struct scram_client client;
    const struct scram_client_settings settings = {.password = &password,
                                                   .cache = cache,
                                                   .binding = text_of(binding),
                                                   .nonce = text_of("client-nonce")};
    assert_int_equal(scram_client_init(&client, &settings, NULL), DSQL_OK);
    return client;
}

static struct scram_server new_server(const char *binding, const char *of_password)
{
    struct scram_server server;
    struct scram_verifier verifier;
    assert_true(scram_verifier_make(&verifier, text_of(of_password), text_of("0123456789abcdef"),
                                    SCRAM_ITERATIONS));
    const struct scram_server_settings settings = {
        .verifier = &verifier, .binding = text_of(binding), .nonce = text_of("server-nonce")};
    assert_true(scram_server_init(&server, &settings));
    return server;
}

static struct text body_of(const struct buf *out)
{
    struct frame frame;
    assert_int_equal(frame_next(buf_text(out), OUT_MAX, &frame), FRAME_COMPLETE);
    return frame.body;
}

/* What changes a message of the server on its way. */
typedef void damage_fn(int number, struct buf *message);

/* The three messages of each side; the first failure ends it. */
static dsql_status log_in(struct scram_client *client, struct scram_server *server,
                          damage_fn *damage, dsql_error *err)
{
    struct buf to_client AUTO_BUF;
    struct buf to_server AUTO_BUF;
    buf_init(&to_client, OUT_MAX);
    buf_init(&to_server, OUT_MAX);
    scram_server_begin(server, &to_client);
    for (int number = 0; number < 3; number++) {
        if (damage != NULL) {
            damage(number, &to_client);
        }
        struct text body = body_of(&to_client);
        dsql_status status = DSQL_OK;
        if (number == 0) {
            status = scram_client_begin(client, body, &to_server, err);
        } else if (number == 1) {
            status = scram_client_continue(client, body, &to_server, err);
        } else {
            status = scram_client_end(client, body, err);
        }
        if (status != DSQL_OK || number == 2) {
            return status;
        }
        buf_reset(&to_client);
        enum scram_server_event event =
            scram_server_message(server, body_of(&to_server), &to_client);
        if (event != SCRAM_CONTINUE && event != SCRAM_AUTHENTICATED) {
            return DSQL_ERR_QUERY; /* the server refused */
        }
        buf_reset(&to_server);
    }
    return DSQL_OK;
}

static void both_sides_agree(void **state)
{
    (void)state;
    static const char *const bindings[][2] = {
        {"", ""}, {BINDING, BINDING}, {BINDING, ""}, {"", BINDING}};
    for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++) {
        struct scram_client client = new_client(bindings[i][0], NULL);
        struct scram_server server = new_server(bindings[i][1], "pencil");
        assert_int_equal(log_in(&client, &server, NULL, NULL), DSQL_OK);
        assert_true(scram_client_is_done(&client));
        scram_client_clear(&client);
        assert_false(scram_client_is_done(&client));
        scram_server_clear(&server);
    }
}

static void wrong_password_and_other_certificate_fail(void **state)
{
    (void)state;
    struct scram_client client = new_client("", NULL);
    struct scram_server server = new_server("", "pen");
    assert_int_equal(log_in(&client, &server, NULL, NULL), DSQL_ERR_QUERY);
    scram_client_clear(&client);
    scram_server_clear(&server);

    client = new_client("another certificate's hash", NULL);
    server = new_server(BINDING, "pencil");
    assert_int_equal(log_in(&client, &server, NULL, NULL), DSQL_ERR_QUERY);
    scram_client_clear(&client);
    scram_server_clear(&server);
}

/* Removes the first mechanism, as somebody in the middle would. */
static void remove_plus(int number, struct buf *message)
{
    if (number == 0) {
        const struct text names[] = {text_of(SCRAM_MECHANISM)};
        buf_reset(message);
        sasl_write_mechanisms(message, names, 1);
    }
}

static void removed_offer_is_noticed(void **state)
{
    (void)state;
    struct scram_client client = new_client(BINDING, NULL);
    struct scram_server server = new_server(BINDING, "pencil");
    assert_int_equal(log_in(&client, &server, remove_plus, NULL), DSQL_ERR_QUERY);
    assert_string_equal(server.sqlstate, "28000");
    scram_client_clear(&client);
    scram_server_clear(&server);
}

static struct {
    int number;
    size_t place;
    bool was_there;
} change;

static void change_byte(int number, struct buf *message)
{
    if (number == change.number) {
        change.was_there = change.place < message->len;
        if (change.was_there) {
            message->data[change.place] ^= 1;
        }
    }
}

/* Every byte of every body: an impostor, or a line that damages, never completes a login. */
static void damaged_messages_of_the_server_fail(void **state)
{
    (void)state;
    struct scram_client_cache cache = {0};
    for (change.number = 0; change.number < 3; change.number++) {
        change.was_there = true;
        for (change.place = 5; change.was_there; change.place++) {
            struct scram_client client = new_client(BINDING, &cache);
            struct scram_server server = new_server(BINDING, "pencil");
            dsql_error err = {0};
            dsql_status status = log_in(&client, &server, change_byte, &err);
            /* Without SCRAM-SHA-256 in the list, the preferred mechanism is still there. */
            bool is_harmless = !change.was_there || (change.number == 0 && change.place > 27);
            assert_true(is_harmless || status != DSQL_OK);
            assert_true(status == DSQL_OK || status == DSQL_ERR_QUERY || err.message[0] != '\0');
            assert_int_equal(scram_client_is_done(&client), status == DSQL_OK);
            scram_client_clear(&client);
            scram_server_clear(&server);
        }
    }
    scram_client_cache_clear(&cache);
}

static void challenge(const char *data, dsql_status expected, const char *words)
{
    struct scram_client client = new_client("", NULL);
    struct buf in AUTO_BUF;
    struct buf out AUTO_BUF;
    buf_init(&in, OUT_MAX);
    buf_init(&out, OUT_MAX);
    dsql_error err = {0};
    const struct text names[] = {text_of(SCRAM_MECHANISM)};
    sasl_write_mechanisms(&in, names, 1);
    assert_int_equal(scram_client_begin(&client, body_of(&in), &out, &err), DSQL_OK);
    buf_reset(&in);
    buf_reset(&out);
    sasl_write_data(&in, AUTHENTICATION_SASL_CONTINUE, text_of(data));
    assert_int_equal(scram_client_continue(&client, body_of(&in), &out, &err), expected);
    assert_true(text_contains(text_of(err.message), words));
    assert_int_equal(out.len > 0, expected == DSQL_OK);
    scram_client_clear(&client);
}

static void invalid_challenges_get_no_answer(void **state)
{
    (void)state;
    challenge("r=client-noncex,s=c2FsdA==,i=1", DSQL_OK, "");
    challenge("r=client-nonce,s=c2FsdA==,i=1", DSQL_ERR_CONNECT, "did not repeat");
    challenge("r=other,s=c2FsdA==,i=1", DSQL_ERR_CONNECT, "did not repeat");
    challenge("r=client-noncex,s=c2FsdA==,i=1000001", DSQL_ERR_CONNECT, "too many iterations");
    challenge("r=client-noncex,s=c2FsdA==,i=0", DSQL_ERR_CONNECT, "invalid challenge");
    challenge("r=client-noncex,s=,i=1", DSQL_ERR_CONNECT, "invalid challenge");
    challenge("r=client-noncex,s=c2FsdA==", DSQL_ERR_CONNECT, "invalid challenge");
    challenge("m=x,r=client-noncex,s=c2FsdA==,i=1", DSQL_ERR_CONNECT, "invalid challenge");
    challenge("", DSQL_ERR_CONNECT, "invalid challenge");
}

/* A server that skips the exchange has not proved anything. */
static void messages_out_of_turn_fail(void **state)
{
    (void)state;
    struct scram_client client = new_client("", NULL);
    struct buf in AUTO_BUF;
    buf_init(&in, OUT_MAX);
    dsql_error err = {0};
    sasl_write_data(&in, AUTHENTICATION_SASL_FINAL, text_of("v="));
    assert_int_equal(scram_client_end(&client, body_of(&in), &err), DSQL_ERR_CONNECT);
    assert_false(scram_client_is_done(&client));
    scram_client_clear(&client);
}

static void an_empty_password_is_refused(void **state)
{
    (void)state;
    struct secret other = {.data = (char[]){""}, .len = 0};
    struct scram_client client;
    const struct scram_client_settings settings = {.password = &other, .nonce = text_of("x")};
    dsql_error err = {0};
    assert_int_equal(scram_client_init(&client, &settings, &err), DSQL_ERR_USAGE);
    assert_true(text_contains(text_of(err.message), "1 to 1024 bytes"));
    scram_client_clear(&client);
}

/* ---- PostgreSQL ---- */

static int connect_socket(void)
{
    PGconn *conn = postgres_connect();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.60s/.s.PGSQL.%.8s", PQhost(conn),
             PQport(conn));
    PQfinish(conn);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_all(int fd, struct buf *out)
{
    assert_int_equal(send(fd, out->data, out->len, MSG_NOSIGNAL), (ssize_t)out->len);
    buf_reset(out);
}

static void send_startup(int fd, struct buf *out)
{
    startup_begin(out);
    startup_add(out, text_of("user"), text_of("scram"));
    startup_add(out, text_of("database"), text_of("postgres"));
    startup_end(out);
    send_all(fd, out);
}

/* Reads the next message into in; its type. */
static char receive(int fd, struct buf *in, struct text *body)
{
    struct frame frame;
    buf_reset(in);
    while (frame_next(buf_text(in), OUT_MAX, &frame) == FRAME_NEEDS_MORE) {
        char byte;
        assert_int_equal(recv(fd, &byte, 1, 0), 1);
        buf_add_char(in, byte);
    }
    *body = frame.body;
    return frame.type;
}

/* The last message's type: 'R' for AuthenticationOk, 'E' for an error. */
static char log_in_to_postgres(struct scram_client_cache *cache)
{
    struct buf out AUTO_BUF;
    struct buf in AUTO_BUF;
    buf_init(&out, OUT_MAX);
    buf_init(&in, OUT_MAX);
    struct scram_client client = new_client("", cache);
    int fd = connect_socket();
    send_startup(fd, &out);
    struct text body;
    assert_int_equal(receive(fd, &in, &body), 'R');
    assert_int_equal(scram_client_begin(&client, body, &out, NULL), DSQL_OK);
    send_all(fd, &out);
    assert_int_equal(receive(fd, &in, &body), 'R');
    assert_int_equal(scram_client_continue(&client, body, &out, NULL), DSQL_OK);
    send_all(fd, &out);
    char type = receive(fd, &in, &body);
    if (type == 'R') {
        assert_int_equal(scram_client_end(&client, body, NULL), DSQL_OK);
        uint32_t code = 1;
        assert_int_equal(receive(fd, &in, &body), 'R');
        assert_true(backend_parse_authentication(body, &code));
        assert_int_equal(code, AUTHENTICATION_OK);
    }
    close(fd);
    scram_client_clear(&client);
    return type;
}

/* The authentication that the server asks of a new connection. */
static uint32_t asked_for(void)
{
    struct buf out AUTO_BUF;
    struct buf in AUTO_BUF;
    buf_init(&out, OUT_MAX);
    buf_init(&in, OUT_MAX);
    struct text body;
    uint32_t code = 0;
    int fd = connect_socket();
    send_startup(fd, &out);
    assert_int_equal(receive(fd, &in, &body), 'R');
    assert_true(backend_parse_authentication(body, &code));
    close(fd);
    return code;
}

/* The postmaster reloads the file when it gets to it. */
static void ask_for_scram(void)
{
    PGconn *conn = postgres_connect();
    PGresult *result = PQexec(conn, "SHOW hba_file");
    FILE *file = fopen(PQgetvalue(result, 0, 0), "w");
    assert_non_null(file);
    fputs("local all scram scram-sha-256\nlocal all all trust\n", file);
    fclose(file);
    PQclear(result);
    PQfinish(conn);
    postgres_run("CREATE ROLE scram LOGIN PASSWORD 'pencil'");
    postgres_run("SELECT pg_reload_conf()");
    while (asked_for() != AUTHENTICATION_SASL) {
    }
}

static void real_server_accepts_the_proof(void **state)
{
    (void)state;
    struct scram_client_cache cache = {0};
    ask_for_scram();
    assert_int_equal(log_in_to_postgres(&cache), 'R');
    assert_true(cache.iterations > 0);
    assert_int_equal(log_in_to_postgres(&cache), 'R'); /* now without deriving keys */
    postgres_run("ALTER ROLE scram PASSWORD 'pen'");
    assert_int_equal(log_in_to_postgres(&cache), 'E');
    scram_client_cache_clear(&cache);
}

/* PostgreSQL stores a text that we have made, and reads it as we do. */
static void real_server_accepts_a_verifier(void **state)
{
    (void)state;
    struct scram_verifier verifier;
    struct buf sql AUTO_BUF;
    buf_init(&sql, OUT_MAX);
    assert_true(
        scram_verifier_make(&verifier, text_of("pencil"), text_of("0123456789abcdef"), 5000));
    buf_add_string(&sql, "ALTER ROLE scram PASSWORD '");
    scram_verifier_write(&verifier, &sql);
    buf_add_string(&sql, "'");
    postgres_run(sql.data);
    assert_int_equal(log_in_to_postgres(NULL), 'R');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(wrong_password_and_other_certificate_fail),
        cmocka_unit_test(removed_offer_is_noticed),
        cmocka_unit_test(damaged_messages_of_the_server_fail),
        cmocka_unit_test(invalid_challenges_get_no_answer),
        cmocka_unit_test(messages_out_of_turn_fail),
        cmocka_unit_test(an_empty_password_is_refused),
        cmocka_unit_test(real_server_accepts_the_proof),
        cmocka_unit_test(real_server_accepts_a_verifier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
