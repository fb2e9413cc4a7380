/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides of SCRAM read a stranger's messages, each ended by a byte 0x1e.  Nobody
 * who does not know the password may be logged in, and every refusal has its words.
 */
#include "session/scram_client.h"
#include "session/scram_server.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 8192 };

#define BINDING "0123456789abcdef0123456789abcdef"

static void run_server(struct text input, const char *binding)
{
    struct scram_verifier verifier = {.iterations = 1, .salt_len = 1};
    struct scram_server server;
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    memset(verifier.stored_key, 'x', sizeof verifier.stored_key);
    const struct scram_server_settings settings = {
        .verifier = &verifier, .binding = text_of(binding), .nonce = text_of("nonce")};
    if (!scram_server_init(&server, &settings)) {
        scram_server_clear(&server);
        return;
    }
    enum scram_server_event event = SCRAM_CONTINUE;
    while (event == SCRAM_CONTINUE && !text_is_empty(input)) {
        struct text message;
        text_cut(input, '\x1e', &message, &input);
        event = scram_server_message(&server, message, &out);
    }
    if (event == SCRAM_AUTHENTICATED ||
        (event == SCRAM_INVALID && (server.sqlstate[0] == '\0' || server.message[0] == '\0'))) {
        abort();
    }
    scram_server_clear(&server);
}

static void run_client(struct text input, const char *binding)
{
    struct secret password = {.data = (char[]){"pencil"}, .len = 6};
    struct scram_client client;
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    dsql_error err = {0};
    const struct scram_client_settings settings = {
        .password = &password, .binding = text_of(binding), .nonce = text_of("nonce")};
    struct text messages[3];
    for (size_t i = 0; i < 3; i++) {
        text_cut(input, '\x1e', &messages[i], &input);
    }
    /* Deriving keys takes long: not for each input. */
    if (scram_client_init(&client, &settings, &err) == DSQL_OK &&
        scram_client_begin(&client, messages[0], &out, &err) == DSQL_OK &&
        !text_contains(messages[1], "000") &&
        scram_client_continue(&client, messages[1], &out, &err) == DSQL_OK) {
        (void)scram_client_end(&client, messages[2], &err);
    }
    if (scram_client_is_done(&client)) {
        abort();
    }
    scram_client_clear(&client);
}

static void run_verifier(struct text input)
{
    struct scram_verifier verifier;
    if (!scram_verifier_parse(&verifier, input)) {
        return;
    }
    struct buf again AUTO_BUF;
    struct scram_verifier second;
    buf_init(&again, SCRAM_VERIFIER_TEXT_MAX);
    scram_verifier_write(&verifier, &again);
    if (!scram_verifier_parse(&second, buf_text(&again)) ||
        second.iterations != verifier.iterations) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = text_of_bytes(data, size);
    run_server(input, "");
    run_server(input, BINDING);
    run_client(input, "");
    run_client(input, BINDING);
    run_verifier(input);
    return 0;
}
