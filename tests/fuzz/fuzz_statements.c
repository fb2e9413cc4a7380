/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Transaction mode against its specification: what a client gets through the proxy is what it would
 * get from a session of its own, byte for byte.  Each client sends the same messages to a model
 * server of its own and, with others, through few shared ones.  The input chooses the messages, how
 * the streams are cut, and in which order everything happens; clients do not wait for answers.
 * Single statements meet conflicts, which no client may see, and the sums must agree.
 */
#include "model_server.h"
#include "proxy/transaction_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    CLIENTS = 3,
    SERVERS = 2,
    STREAM_MAX = 1 << 22,
    STATEMENTS_PER_SERVER = 2,
    DEALLOCATIONS = 2, /* of one text: as many empty statements may be there for a while */
    ROUNDS = 100000
};

struct peer {
    struct transaction_client client;
    struct buf sent; /* that the proxy has not taken */
    size_t offered;  /* of these the proxy has seen so many */
    struct buf got;  /* through the proxy */
    struct model_server own;
    struct model_world own_world;
    bool is_waiting; /* for a server */
    bool is_ended;
};

struct backend {
    struct transaction_server server;
    struct model_server model;
    struct buf to_proxy;
    size_t offered;
};

struct world {
    struct transaction_pool pool;
    struct peer peers[CLIENTS];
    struct backend backends[SERVERS];
    struct model_world shared;
    const uint8_t *data;
    size_t size;
};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static unsigned next(struct world *world)
{
    if (world->size == 0) {
        return 0;
    }
    world->size--;
    return *world->data++;
}

static void print_stream(const char *title, struct text bytes)
{
    struct frame message;
    fprintf(stderr, "%s:", title);
    while (frame_next(bytes, FRAME_SERVER_MAX, &message) == FRAME_COMPLETE) {
        fprintf(stderr, " %c", message.type);
        for (size_t i = 0; i < message.body.len; i++) {
            char c = message.body.data[i];
            fputc(char_is_control(c) ? '.' : c, stderr);
        }
        bytes = text_slice(bytes, message.size, bytes.len);
    }
    fprintf(stderr, "\n");
}

/* ---- Lending ---- */

static struct backend *backend_of(struct world *world, const struct transaction_server *server)
{
    for (size_t i = 0; i < SERVERS; i++) {
        if (&world->backends[i].server == server) {
            return &world->backends[i];
        }
    }
    abort();
}

static void flush_client(struct peer *peer)
{
    buf_add_text(&peer->got, outgoing_gather(&peer->client.out));
    outgoing_drop(&peer->client.out);
}

/* A conflict that the client may not see needs a request that is held; test_transaction_retries.c
   shows when one is. */
static bool is_held(const struct transaction_client *client)
{
    return client != NULL && client->hold.is_on && client->hold.is_request_complete &&
           client->hold.shape == RETRY_ONE_STATEMENT;
}

static void flush_server(struct backend *backend)
{
    if (!is_held(backend->server.client)) {
        backend->model.world->conflicts_due = 0;
    }
    model_server_take(&backend->model, buf_text(&backend->server.out));
    buf_reset(&backend->server.out);
    buf_add_text(&backend->to_proxy, buf_text(&backend->model.out));
    buf_reset(&backend->model.out);
}

static void init_backend(struct world *world, struct backend *backend)
{
    transaction_server_init(&backend->server, &world->pool);
    model_server_init(&backend->model, &world->shared);
    buf_init(&backend->to_proxy, STREAM_MAX);
    require(server_parameters_login(&backend->server.parameters, &world->pool.defaults,
                                    text_of("TimeZone"), text_of("UTC")));
    backend->offered = 0;
}

static void clear_backend(struct backend *backend)
{
    transaction_server_clear(&backend->server);
    model_server_clear(&backend->model);
    buf_clear(&backend->to_proxy);
}

/* Now and then a connection is replaced between two transactions. */
static void take_back(struct world *world, struct transaction_server *server)
{
    struct backend *backend = backend_of(world, server);
    require(transaction_take_back(server));
    require(backend->model.max_statements <= STATEMENTS_PER_SERVER + 1 + DEALLOCATIONS);
    if (next(world) % 8 == 7) {
        clear_backend(backend);
        init_backend(world, backend);
    }
}

static bool lend(struct world *world, struct peer *peer)
{
    size_t first = next(world) % SERVERS;
    for (size_t i = 0; i < SERVERS; i++) {
        struct backend *backend = &world->backends[(first + i) % SERVERS];
        if (backend->server.client == NULL) {
            peer->is_waiting = false;
            require(transaction_lend(&peer->client, &backend->server, next(world) % 16 == 15));
            flush_server(backend);
            return true;
        }
    }
    return false;
}

/* ---- Steps: each returns whether something happened ---- */

static bool step_client(struct world *world, struct peer *peer, size_t len)
{
    if (peer->is_waiting) {
        return lend(world, peer);
    }
    size_t taken = 0;
    size_t more = peer->sent.len - peer->offered;
    peer->offered += len < more ? len : more;
    enum transaction_event event = transaction_client_data(
        &peer->client, text_slice(buf_text(&peer->sent), 0, peer->offered), &taken);
    buf_drop(&peer->sent, taken);
    peer->offered -= taken;
    peer->is_waiting = event == TRANSACTION_NEEDS_SERVER;
    require(event == TRANSACTION_MORE || event == TRANSACTION_WAITS ||
            event == TRANSACTION_NEEDS_SERVER);
    if (peer->client.server != NULL) {
        flush_server(backend_of(world, peer->client.server));
    }
    flush_client(peer);
    return taken > 0 || more > 0 || peer->is_waiting;
}

static struct peer *peer_of(struct world *world, const struct transaction_client *client)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (&world->peers[i].client == client) {
            return &world->peers[i];
        }
    }
    abort();
}

static bool step_server(struct world *world, struct backend *backend, size_t len)
{
    struct transaction_server *server = &backend->server;
    if (server->client == NULL || backend->to_proxy.len == 0) {
        return false;
    }
    struct peer *peer = peer_of(world, server->client);
    size_t taken = 0;
    size_t more = backend->to_proxy.len - backend->offered;
    backend->offered += len < more ? len : more;
    enum transaction_event event = transaction_server_data(
        server, text_slice(buf_text(&backend->to_proxy), 0, backend->offered), &taken);
    flush_client(peer); /* what is borrowed lies in what is dropped */
    buf_drop(&backend->to_proxy, taken);
    backend->offered -= taken;
    require(event == TRANSACTION_MORE || event == TRANSACTION_FREE || event == TRANSACTION_AGAIN);
    flush_server(backend);
    if (event != TRANSACTION_MORE) {
        take_back(world, server);
        peer->is_waiting = event == TRANSACTION_AGAIN;
    }
    return taken > 0 || more > 0;
}

/* ---- Messages ---- */

static const char *const names[] = {"", "a", "b"};
static const char *const texts[] = {"select 1",
                                    "select 2",
                                    "update 1",
                                    "update 10",
                                    "fail",
                                    "syntax",
                                    "begin",
                                    "commit",
                                    "rollback",
                                    "set work_mem to 1MB",
                                    "set timezone to Mars",
                                    "set work_mem to 2MB",
                                    "show work_mem",
                                    "show timezone",
                                    "reset work_mem",
                                    "reset timezone",
                                    "deallocate all",
                                    "deallocate a",
                                    "deallocate b",
                                    "execute a",
                                    ""};
static const char *const queries[] = {"deallocate a",
                                      "deallocate a;deallocate b",
                                      "select 1;deallocate a;execute b",
                                      "execute b",
                                      "execute a;deallocate a;execute a",
                                      "discard all",
                                      "begin;set work_mem to 9MB;fail",
                                      "select 1;select 2",
                                      "begin;update 5;commit",
                                      "set work_mem to 3MB;rollback;show work_mem",
                                      "",
                                      "update 7;fail"};

#define PICK(world, table) (table)[next(world) % (sizeof(table) / sizeof(table)[0])]

static void write_copy(struct world *world, struct buf *out)
{
    bool is_simple = next(world) % 2 == 0;
    if (is_simple) {
        model_query(out, "copy in");
    } else {
        model_parse(out, "", "copy in");
        model_bind(out, "", "");
        model_execute(out, "");
        if (next(world) % 2 == 0) {
            model_message(out, 'S');
        }
    }
    model_message(out, 'd');
    model_message(out, next(world) % 4 == 0 ? 'f' : 'c');
    if (!is_simple) { /* nobody may run it again without data */
        model_message(out, 'S');
        model_parse(out, "", "select 3");
        model_bind(out, "", "");
        model_message(out, 'S');
    }
}

static void write_message(struct world *world, struct buf *out)
{
    switch (next(world) % 12) {
    case 0:
        model_message(out, 'S');
        model_query(out, PICK(world, queries));
        break;
    case 1:
    case 2:
        model_query(out, PICK(world, texts));
        break;
    case 3:
    case 4:
        model_parse(out, PICK(world, names), PICK(world, texts));
        break;
    case 5:
    case 6:
        model_bind(out, PICK(world, names), PICK(world, names));
        model_execute(out, PICK(world, names));
        break;
    case 7:
        model_describe(out, next(world) % 2 == 0 ? 'S' : 'P', PICK(world, names));
        break;
    case 8:
        model_close(out, next(world) % 2 == 0 ? 'S' : 'P', PICK(world, names));
        break;
    case 9:
        model_message(out, 'S');
        break;
    case 10:
        model_message(out, next(world) % 2 == 0 ? 'H' : 'S');
        break;
    default:
        model_message(out, 'S'); /* a batch that is open ends first */
        write_copy(world, out);
        break;
    }
}

static void send_message(struct world *world, struct peer *peer)
{
    struct buf message AUTO_BUF;
    buf_init(&message, STREAM_MAX);
    write_message(world, &message);
    buf_add_text(&peer->sent, buf_text(&message));
    model_server_take(&peer->own, buf_text(&message));
}

/* All transactions end. */
static void send_end(struct peer *peer)
{
    struct buf message AUTO_BUF;
    buf_init(&message, STREAM_MAX);
    model_message(&message, 'S');
    model_message(&message, 'f'); /* a COPY may be on, and ignores Sync */
    model_message(&message, 'S');
    model_query(&message, "rollback");
    model_query(&message, "show work_mem");
    model_query(&message, "show timezone");
    buf_add_text(&peer->sent, buf_text(&message));
    model_server_take(&peer->own, buf_text(&message));
}

/* ---- The whole ---- */

static void begin(struct world *world)
{
    const struct retry_limits retries = {
        .retries = 1000, .base_ms = 1, .max_ms = 1, .random = random_system()};
    transaction_pool_init(&world->pool, &retries, 1 << 20, 42);
    world->pool.statements_per_server = STATEMENTS_PER_SERVER;
    for (size_t i = 0; i < SERVERS; i++) {
        init_backend(world, &world->backends[i]);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        struct peer *peer = &world->peers[i];
        transaction_client_init(&peer->client, &world->pool);
        model_server_init(&peer->own, &peer->own_world);
        buf_init(&peer->sent, STREAM_MAX);
        buf_init(&peer->got, STREAM_MAX);
    }
}

static void end(struct world *world)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        struct peer *peer = &world->peers[i];
        transaction_client_clear(&peer->client);
        model_server_clear(&peer->own);
        buf_clear(&peer->sent);
        buf_clear(&peer->got);
    }
    for (size_t i = 0; i < SERVERS; i++) {
        clear_backend(&world->backends[i]);
    }
    transaction_pool_clear(&world->pool);
}

static void step(struct world *world)
{
    unsigned choice = next(world);
    size_t len = choice >= 128 ? next(world) % 16 : STREAM_MAX;
    switch (choice % 8) {
    case 0:
    case 1:
    case 2:
        send_message(world, &world->peers[next(world) % CLIENTS]);
        break;
    case 3:
    case 4:
    case 5:
        (void)step_client(world, &world->peers[next(world) % CLIENTS], len);
        break;
    case 6:
        (void)step_server(world, &world->backends[next(world) % SERVERS], len);
        break;
    default:
        world->shared.conflicts_due = next(world) % 2 == 0 ? 0 : 1;
        break;
    }
}

static void drain(struct world *world)
{
    bool is_moving = true;
    for (size_t round = 0; is_moving; round++) {
        require(round < ROUNDS);
        is_moving = false;
        for (size_t i = 0; i < CLIENTS; i++) {
            is_moving |= step_client(world, &world->peers[i], STREAM_MAX);
        }
        for (size_t i = 0; i < SERVERS; i++) {
            is_moving |= step_server(world, &world->backends[i], STREAM_MAX);
        }
    }
}

static void check_peer(const struct peer *peer)
{
    bool is_same = text_equal(buf_text(&peer->got), buf_text(&peer->own.out));
    if (!is_same || peer->sent.len > 0) {
        print_stream("got", buf_text(&peer->got));
        print_stream("own", buf_text(&peer->own.out));
        print_stream("not taken", buf_text(&peer->sent));
    }
    require(is_same && peer->sent.len == 0 && peer->client.server == NULL);
}

static void check(const struct world *world)
{
    long sum = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct peer *peer = &world->peers[i];
        check_peer(peer);
        sum += peer->own_world.sum;
    }
    require(sum == world->shared.sum);
    require(world->pool.conflicts_data == (uint64_t)world->shared.conflicts_raised);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    if (size > 4096) {
        return 0;
    }
    memset(&world, 0, sizeof world);
    world.data = data;
    world.size = size;
    begin(&world);
    while (world.size > 0) {
        step(&world);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        send_end(&world.peers[i]);
    }
    drain(&world);
    check(&world);
    end(&world);
    return 0;
}
