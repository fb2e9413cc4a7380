/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A session is pinned by whatever is not known to leave nothing behind.  The command tags of the
 * server say what has been run, whatever the client's SQL looked like; what does not show in them
 * is looked for in the SQL (statement_reader.h).
 */
#include "proxy/session_watch.h"

#include "wire/backend.h"

#include <string.h>

void session_watch_init(struct session_watch *watch)
{
    *watch = (struct session_watch){.status = STATUS_IDLE};
    statement_reader_init(&watch->reader, &(struct lexer_rules){0});
}

void session_watch_clear(struct session_watch *watch)
{
    statement_reader_clear(&watch->reader);
}

/* ---- What leaves nothing behind ---------------------------------------- */

/*
 * The first words of tags.  Of CREATE, SELECT, DECLARE and SET the text says more than the tag.
 * RESET, DISCARD and so on leave less than there was.
 */
static const char *const harmless_tags[] = {
    "SELECT",   "INSERT",  "UPDATE",     "DELETE",  "MERGE",   "COPY",    "BEGIN",     "START",
    "COMMIT",   "END",     "ABORT",      "CREATE",  "ALTER",   "DROP",    "GRANT",     "REVOKE",
    "SHOW",     "EXPLAIN", "TRUNCATE",   "COMMENT", "ANALYZE", "VACUUM",  "SAVEPOINT", "RELEASE",
    "ROLLBACK", "REINDEX", "FETCH",      "MOVE",    "CALL",    "LOCK",    "DECLARE",   "CLOSE",
    "SET",      "RESET",   "DEALLOCATE", "DISCARD", "NOTIFY",  "REFRESH", "CLUSTER",   "UNLISTEN",
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

static bool stays_behind(const struct statement_effect *effect)
{
    return effect->kind == STATEMENT_KEEPS_SESSION || effect->kind == STATEMENT_SET;
}

static void end_text(struct session_watch *watch)
{
    struct statement_summary summary = statement_reader_end(&watch->reader);
    watch->is_pinned = watch->is_pinned || summary.is_unclear || summary.leaves_state;
    for (const struct statement_effect *it = summary.effects; it != NULL; it = it->next) {
        watch->is_pinned = watch->is_pinned || stays_behind(it);
    }
    statement_effects_free(summary.effects);
}

/* The text of a Query ends with a NUL; that of a Parse stands between two. */
static bool is_in_text(const struct session_watch *watch, char type)
{
    return watch->strings == (type == FRONTEND_PARSE ? 1U : 0U);
}

static void end_string(struct session_watch *watch, char type)
{
    if (is_in_text(watch, type)) {
        end_text(watch);
    }
    watch->strings++;
}

static void read_text(struct session_watch *watch, char type, struct text piece)
{
    while (!watch->is_pinned && !text_is_empty(piece) &&
           watch->strings <= (type == FRONTEND_PARSE ? 1U : 0U)) {
        size_t len = piece.len;
        bool is_end = text_find(piece, '\0', &len);
        if (is_in_text(watch, type)) {
            statement_reader_add(&watch->reader, text_slice(piece, 0, len));
        }
        if (is_end) {
            end_string(watch, type);
        }
        piece = text_slice(piece, len + (is_end ? 1 : 0), piece.len);
    }
}

/* ---- The client -------------------------------------------------------- */

/* Messages of COPY belong to the statement that has begun it. */
static void begin_client_message(struct session_watch *watch, char type)
{
    watch->strings = 0;
    statement_reader_clear(&watch->reader);
    statement_reader_init(&watch->reader, &(struct lexer_rules){0});
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
    if (scan->type == FRONTEND_PARSE && frame_scan_is_first(scan, piece.len) &&
        piece.data[0] != '\0') {
        watch->is_pinned = true;
    }
    if (scan->type == FRONTEND_PARSE || scan->type == FRONTEND_QUERY) {
        read_text(watch, scan->type, piece);
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
