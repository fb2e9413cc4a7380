/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a session does not depend on how its bytes were divided.  The first byte says
 * where; the rest is first what the client sends, up to a byte 0xff, and then what the server does.
 */
#include "proxy/session_watch.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct side {
    struct session_watch watch;
    struct frame_scan from_client;
    struct frame_scan from_server;
    bool is_broken;
};

static void begin(struct side *side)
{
    memset(side, 0, sizeof *side);
    session_watch_init(&side->watch);
    frame_scan_init(&side->from_client, FRAME_CLIENT_MAX);
    frame_scan_init(&side->from_server, FRAME_SERVER_MAX);
}

static void pass(struct side *side, bool is_client, struct text bytes, size_t step)
{
    while (!text_is_empty(bytes) && !side->is_broken) {
        struct text piece = text_slice(bytes, 0, step);
        side->is_broken = is_client
                              ? !session_watch_client(&side->watch, &side->from_client, piece)
                              : !session_watch_server(&side->watch, &side->from_server, piece);
        bytes = text_slice(bytes, piece.len, bytes.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct side whole;
    struct side divided;
    struct text client;
    struct text server;
    if (size < 2) {
        return 0;
    }
    text_cut(text_of_bytes(data + 1, size - 1), (char)0xff, &client, &server);
    begin(&whole);
    begin(&divided);
    pass(&whole, true, client, size);
    pass(&divided, true, client, 1 + data[0] % 16);
    pass(&whole, false, server, size);
    pass(&divided, false, server, 1 + data[0] % 16);
    if (whole.is_broken != divided.is_broken ||
        (!whole.is_broken &&
         (whole.watch.is_pinned != divided.watch.is_pinned ||
          session_watch_is_idle(&whole.watch) != session_watch_is_idle(&divided.watch)))) {
        abort();
    }
    session_watch_clear(&whole.watch);
    session_watch_clear(&divided.watch);
    return 0;
}
