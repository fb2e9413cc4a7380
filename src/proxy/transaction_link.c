/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Lending and taking back; the two directions have files of their own. */
#include "proxy/transaction_link.h"

#include "proxy/transaction_state.h"
#include "wire/backend.h"

enum { OUT_MAX = 64 * 1024 * 1024 }; /* bytes; the caller writes them after each call */

void transaction_pool_init(struct transaction_pool *pool, const struct retry_limits *retries,
                           size_t max_statement_bytes, uint64_t secret)
{
    *pool = (struct transaction_pool){.retries = *retries};
    statement_cache_init(&pool->cache, max_statement_bytes, secret);
}

void transaction_pool_clear(struct transaction_pool *pool)
{
    statement_cache_clear(&pool->cache);
    parameter_list_clear(&pool->defaults.reported);
}

void transaction_client_init(struct transaction_client *client, struct transaction_pool *pool)
{
    *client = (struct transaction_client){.pool = pool};
    session_parameters_init(&client->parameters, &pool->defaults);
    retry_hold_init(&client->hold, &pool->retries);
    statement_reader_init(&client->reader, &(struct lexer_rules){0});
    outgoing_init(&client->out, OUT_MAX);
}

void transaction_client_clear(struct transaction_client *client)
{
    client_statements_clear(&client->statements);
    session_parameters_clear(&client->parameters);
    retry_hold_clear(&client->hold);
    statement_reader_clear(&client->reader);
    statement_unref(client->opaque);
    outgoing_clear(&client->out);
}

void transaction_server_init(struct transaction_server *server, struct transaction_pool *pool)
{
    *server = (struct transaction_server){.pool = pool};
    server_statements_init(&server->statements, pool->statements_per_server);
    server_parameters_init(&server->parameters, &pool->defaults);
    answers_init(&server->answers, statements_settled, &server->link);
    buf_init(&server->out, OUT_MAX);
}

void transaction_server_clear(struct transaction_server *server)
{
    answers_clear(&server->answers);
    server_statements_clear(&server->statements);
    server_parameters_clear(&server->parameters);
    buf_clear(&server->out);
}

/* ---- Lending ---- */

static bool set_up(struct transaction_client *client, struct transaction_server *server)
{
    if (!session_parameters_differ(&client->parameters, &server->parameters)) {
        return true;
    }
    size_t count =
        session_parameters_set_up(&client->parameters, &server->parameters, &server->out);
    if (count == SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!answers_expect(&server->answers, ANSWER_QUERY, ANSWER_SWALLOW, NULL)) {
            return false;
        }
    }
    /* A Query drops the unnamed statement. */
    statement_slot_empty(&server->statements.unnamed);
    server->set_up_left = count;
    return true;
}

/* Something that has an answer, if the set-up has none. */
static bool ask_for_answer(struct transaction_server *server)
{
    if (server->set_up_left > 0) {
        return true;
    }
    frame_write(&server->out, FRONTEND_SYNC, text_of(""));
    server->set_up_left = 1;
    return answers_expect(&server->answers, ANSWER_SYNC, ANSWER_SWALLOW, NULL);
}

bool transaction_lend(struct transaction_client *client, struct transaction_server *server,
                      bool is_unchecked)
{
    client->server = server;
    server->client = client;
    server->is_failed = false;
    server->link = (struct statements){.cache = &client->pool->cache,
                                       .client = &client->statements,
                                       .server = &server->statements,
                                       .answers = &server->answers,
                                       .batch = server->link.batch + 1};
    if (!set_up(client, server) || (is_unchecked && !ask_for_answer(server))) {
        server->must_close = true;
        return false;
    }
    if (client->is_again && server->set_up_left == 0) {
        return transaction_send_again(client) == TRANSACTION_MORE;
    }
    return true;
}

/* What was not answered is settled as if the server had skipped it: the client is told of the end.
 */
bool transaction_take_back(struct transaction_server *server)
{
    struct transaction_client *client = server->client;
    bool is_fine = transaction_is_free(server) && !server->must_close && !server->has_set_up_failed;
    if (!is_fine) {
        answers_clear(&server->answers);
        retry_hold_release(&client->hold, &client->out);
    }
    statements_ready(&server->link, STATUS_IDLE, UINT64_MAX);
    is_fine = session_parameters_end_transaction(&client->parameters, &server->parameters, false) &&
              is_fine;
    client->server = NULL;
    client->is_pinned = false;
    server->client = NULL;
    return is_fine && buf_ok(&server->out);
}

int64_t transaction_delay_ms(struct transaction_client *client)
{
    return retry_hold_delay_ms(&client->hold);
}

void transaction_give_up(struct transaction_client *client)
{
    client->is_again = false;
    client->pool->retries_gave_up++;
    retry_hold_give_up(&client->hold, &client->out);
}
