/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A session is pinned by whatever is not known to leave nothing behind.  The command tags of the
 * server say what has been run, whatever the client's SQL looked like; functions do not show in
 * them, so the SQL is also searched for the names of those that change the session.
 */
#include "proxy/session_watch.h"

#include "wire/backend.h"

#include <string.h>

void session_watch_init(struct session_watch *watch)
{
    *watch = (struct session_watch){.status = STATUS_IDLE};
}

/* ---- What leaves nothing behind ---------------------------------------- */

/*
 * The first words of tags.  A temporary table would be a "CREATE TABLE" too; see the words below.
 * FETCH and MOVE need a cursor, which has pinned the session unless it ended with its transaction.
 */
static const char *const harmless_tags[] = {
    "SELECT",   "INSERT",  "UPDATE",   "DELETE",  "MERGE",   "COPY",   "BEGIN",     "START",
    "COMMIT",   "END",     "ABORT",    "CREATE",  "ALTER",   "DROP",   "GRANT",     "REVOKE",
    "SHOW",     "EXPLAIN", "TRUNCATE", "COMMENT", "ANALYZE", "VACUUM", "SAVEPOINT", "RELEASE",
    "ROLLBACK", "REINDEX", "FETCH",    "MOVE",    "CALL",    "LOCK",
};

static bool is_harmless(struct text tag)
{
    struct text word;
    struct text rest;
    text_cut(tag, ' ', &word, &rest);
    for (size_t i = 0; i < sizeof harmless_tags / sizeof harmless_tags[0]; i++) {
        if (text_equal_string(word, harmless_tags[i])) {
            return true;
        }
    }
    return false;
}

/* The end of a CommandComplete.  A tag that is cut was too long to be one of those. */
static void end_tag(struct session_watch *watch)
{
    struct text tag = text_of_bytes(watch->tag, watch->tag_len);
    struct text name;
    struct text rest;
    text_cut(tag, '\0', &name, &rest);
    watch->is_pinned = watch->is_pinned || !is_harmless(name);
    watch->tag_len = 0;
}

static void add_tag(struct session_watch *watch, struct text piece)
{
    size_t room = sizeof watch->tag - watch->tag_len;
    size_t len = piece.len < room ? piece.len : room;
    memcpy(watch->tag + watch->tag_len, piece.data, len);
    watch->tag_len += len;
}

/* ---- What the SQL says ------------------------------------------------- */

/* In lower case, and shorter than SESSION_WATCH_TAIL_MAX. */
static const char *const pinning_words[] = {"set_config", "advisory", "temp",  "pg_notify",
                                            "nextval",    "setval",   "dblink"};

/* currval() and lastval() need a nextval() of the same session. */
static bool has_pinning_word(struct text text)
{
    for (size_t i = 0; i < sizeof pinning_words / sizeof pinning_words[0]; i++) {
        if (text_contains(text, pinning_words[i])) {
            return true;
        }
    }
    return false;
}

static void keep_tail(struct session_watch *watch, const char *bytes, size_t len)
{
    size_t kept = len < sizeof watch->tail ? len : sizeof watch->tail;
    memmove(watch->tail, bytes + len - kept, kept);
    watch->tail_len = kept;
}

/*
 * A word may be divided by the end of a piece, so the end of the piece before is searched again. In
 * steps, so that no SQL of any length needs memory.
 */
static void search(struct session_watch *watch, struct text piece)
{
    enum { STEP = 512 };
    char window[SESSION_WATCH_TAIL_MAX + STEP];
    while (!watch->is_pinned && !text_is_empty(piece)) {
        struct text step = text_slice(piece, 0, STEP);
        size_t len = watch->tail_len;
        memcpy(window, watch->tail, len);
        for (size_t i = 0; i < step.len; i++) {
            window[len + i] = char_to_lower(step.data[i]);
        }
        len += step.len;
        watch->is_pinned = has_pinning_word(text_of_bytes(window, len));
        keep_tail(watch, window, len);
        piece = text_slice(piece, step.len, piece.len);
    }
}

/* ---- The client -------------------------------------------------------- */

/* Messages of COPY belong to the statement that has begun it. */
static void begin_client_message(struct session_watch *watch, char type)
{
    watch->tail_len = 0;
    switch (type) {
    case FRONTEND_QUERY:
    case FRONTEND_FUNCTION_CALL:
        watch->queries++;
        break;
    case FRONTEND_SYNC:
        watch->syncs += watch->is_copying_in ? 0 : 1;
        watch->has_open_batch = false;
        break;
    case FRONTEND_COPY_DONE:
    case FRONTEND_COPY_FAIL:
        watch->is_copying_in = false;
        break;
    case FRONTEND_COPY_DATA:
    case FRONTEND_TERMINATE:
        break;
    default:
        watch->has_open_batch = true;
        break;
    }
}

/* The name of a prepared statement comes first; the unnamed one is replaced by the next Parse. */
static void read_client_piece(struct session_watch *watch, const struct frame_scan *scan,
                              struct text piece)
{
    if (scan->type == FRONTEND_PARSE && !watch->has_movable_statements &&
        frame_scan_is_first(scan, piece.len) && piece.data[0] != '\0') {
        watch->is_pinned = true;
    }
    if (scan->type == FRONTEND_PARSE || scan->type == FRONTEND_QUERY) {
        search(watch, piece);
    }
}

bool session_watch_client(struct session_watch *watch, struct frame_scan *scan, struct text bytes)
{
    while (!text_is_empty(bytes)) {
        struct text piece;
        if (!frame_scan_next(scan, &bytes, &piece)) {
            return false;
        }
        if (scan->has_begun) {
            begin_client_message(watch, scan->type);
        }
        if (!text_is_empty(piece)) {
            read_client_piece(watch, scan, piece);
        }
    }
    return true;
}

/* ---- The server -------------------------------------------------------- */

/* Either may be answered first; only the sum matters, except for a COPY. */
static void end_query_or_sync(struct session_watch *watch)
{
    if (watch->queries > 0) {
        watch->queries--;
    } else if (watch->syncs > 0) {
        watch->syncs--;
    }
}

/*
 * CopyInResponse.  A COPY of the extended protocol: libpq has sent Sync with Execute, which the
 * server ignores, and sends another one after CopyDone.
 */
static void begin_copy(struct session_watch *watch)
{
    if (watch->queries == 0) {
        watch->syncs = 0;
        watch->is_copying_in = true;
    }
}

static void read_server_piece(struct session_watch *watch, const struct frame_scan *scan,
                              struct text piece)
{
    if (scan->type == BACKEND_READY && frame_scan_is_first(scan, piece.len)) {
        watch->status = piece.data[0];
        watch->is_copying_in = false;
        end_query_or_sync(watch);
    }
    if (scan->type == BACKEND_COMMAND_COMPLETE) {
        add_tag(watch, piece);
        if (scan->body_left == 0) {
            end_tag(watch);
        }
    }
}

bool session_watch_server(struct session_watch *watch, struct frame_scan *scan, struct text bytes)
{
    while (!text_is_empty(bytes)) {
        struct text piece;
        if (!frame_scan_next(scan, &bytes, &piece)) {
            return false;
        }
        if (scan->has_begun && scan->type == BACKEND_COPY_IN) {
            begin_copy(watch);
        }
        if (!text_is_empty(piece)) {
            read_server_piece(watch, scan, piece);
        }
    }
    return true;
}

bool session_watch_is_answered(const struct session_watch *watch)
{
    return watch->queries == 0 && watch->syncs == 0 && !watch->has_open_batch;
}

bool session_watch_is_idle(const struct session_watch *watch)
{
    return session_watch_is_answered(watch) && watch->status == STATUS_IDLE;
}
