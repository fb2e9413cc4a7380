/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread uses the settings, which do not change, and the fields of its entry that is_working
 * gives to it.  Everything else happens in the thread of the loop.
 */
#include "proxy/mint.h"

#include "token/complete.h"

/* How long one attempt may take, and when a failed one is repeated in the background. */
enum { ATTEMPT_MS = 15000, AGAIN_S = 10, SECOND_MS = 1000 };

static void begin_work(struct mint_entry *entry);

/* ---- In the thread ----------------------------------------------------- */

/* The action follows from the user, so the user is one that has this action. */
static void work(uv_work_t *request)
{
    struct mint_entry *entry = request->data;
    const struct clock *clock = entry->mint->clock;
    struct settings settings =
        *entry->mint->settings; /* shares everything else, and owns nothing */
    int64_t deadline_ms = clock_monotonic_ms(clock) + ATTEMPT_MS;
    text_copy(text_of(entry->action == TOKEN_CONNECT_ADMIN ? SETTINGS_ADMIN_USER : "role"),
              settings.user, sizeof settings.user);
    if (entry->is_fetching_anew) {
        settings_mark_credentials_rejected(&settings);
    }
    entry->made_s = clock_wall_s(clock);
    entry->status = token_for_settings(&settings, clock, deadline_ms, &entry->made,
                                       &entry->expires_s, &entry->error);
}

/* ---- Waiters --------------------------------------------------------- */

void mint_leave(struct mint_waiter *waiter)
{
    if (waiter->link == NULL) {
        return;
    }
    *waiter->link = waiter->next;
    if (waiter->next != NULL) {
        waiter->next->link = waiter->link;
    }
    waiter->next = NULL;
    waiter->link = NULL;
}

/* The newest is served first, which does not matter: all get the same. */
static void enter(struct mint_entry *entry, struct mint_waiter *waiter)
{
    waiter->next = entry->waiters;
    waiter->link = &entry->waiters;
    if (waiter->next != NULL) {
        waiter->next->link = &waiter->next;
    }
    entry->waiters = waiter;
}

/* What a waiter does may bring others, or make them leave. */
static void serve_all(struct mint_entry *entry, bool is_made)
{
    while (entry->waiters != NULL) {
        struct mint_waiter *waiter = entry->waiters;
        mint_leave(waiter);
        if (is_made) {
            waiter->on_token(waiter->arg, text_of_bytes(entry->token.data, entry->token.len));
        } else {
            waiter->on_failure(waiter->arg, &entry->error);
        }
    }
}

/* ---- After the thread -------------------------------------------------- */

static void on_renew(uv_timer_t *timer)
{
    begin_work(timer->data);
}

static void renew_in(struct mint_entry *entry, int64_t seconds)
{
    if (!entry->mint->is_closing) {
        uv_timer_start(&entry->renew, on_renew, (uint64_t)(seconds * SECOND_MS), 0);
    }
}

static bool keep(struct mint_entry *entry)
{
    struct mint *mint = entry->mint;
    if (entry->status == DSQL_OK && secret_set_string(&entry->token, entry->made)) {
        entry->age = (struct token_age){.made_s = entry->made_s, .expires_s = entry->expires_s};
        mint->counters->token_made_s = entry->made_s;
        mint->counters->tokens++;
        entry->is_failing = false;
        return true;
    }
    mint->counters->token_failures++;
    if (!entry->is_failing) { /* once, as it is tried again and again */
        log_write(&mint->settings->logger, DSQL_LOG_WARN, "could not make a token: %s",
                  entry->error.message);
        entry->is_failing = true;
    }
    return false;
}

static void drop_made(struct mint_entry *entry)
{
    secret_free_string(entry->made);
    entry->made = NULL;
}

static void maybe_closed(struct mint *mint)
{
    if (mint->is_closing && mint->open_handles == 0) {
        mint->on_closed(mint->arg);
    }
}

/*
 * A token that could not be renewed is still used until it expires; those that wait for one have
 * found the old one too old.
 */
static void after_work(uv_work_t *request, int status)
{
    struct mint_entry *entry = request->data;
    struct mint *mint = entry->mint;
    (void)status; /* it is never cancelled */
    mint->open_handles--;
    entry->is_working = false;
    if (mint->is_closing) {
        drop_made(entry);
        maybe_closed(mint);
        return;
    }
    bool is_made = keep(entry);
    drop_made(entry);
    if (entry->is_refused) { /* while the thread was at work, with the old credentials */
        begin_work(entry);
        return;
    }
    entry->is_refused = entry->is_fetching_anew && !is_made;
    renew_in(entry,
             is_made ? token_age_renew_in_s(&entry->age, clock_wall_s(mint->clock)) : AGAIN_S);
    serve_all(entry, is_made);
}

static void begin_work(struct mint_entry *entry)
{
    if (entry->is_working) {
        return;
    }
    uv_timer_stop(&entry->renew);
    entry->error = (dsql_error){0};
    entry->is_fetching_anew = entry->is_refused;
    entry->is_refused = false;
    if (uv_queue_work(entry->mint->loop, &entry->work, work, after_work) == 0) {
        entry->is_working = true;
        entry->mint->open_handles++;
    }
}

/* ---- For the cluster --------------------------------------------------- */

static void init_entry(struct mint *mint, enum token_action action)
{
    struct mint_entry *entry = &mint->entries[action];
    entry->mint = mint;
    entry->action = action;
    entry->work.data = entry;
    uv_timer_init(mint->loop, &entry->renew);
    uv_unref((uv_handle_t *)&entry->renew);
    entry->renew.data = entry;
    mint->open_handles++;
}

void mint_init(struct mint *mint, uv_loop_t *loop, const struct settings *settings,
               const struct clock *clock, struct proxy_counters *counters)
{
    *mint = (struct mint){.loop = loop, .settings = settings, .clock = clock, .counters = counters};
    init_entry(mint, TOKEN_CONNECT);
    init_entry(mint, TOKEN_CONNECT_ADMIN);
}

void mint_begin(struct mint *mint, enum token_action action)
{
    begin_work(&mint->entries[action]);
}

void mint_get(struct mint *mint, enum token_action action, struct mint_waiter *waiter)
{
    struct mint_entry *entry = &mint->entries[action];
    if (!entry->is_refused && token_age_is_usable(&entry->age, clock_wall_s(mint->clock))) {
        waiter->on_token(waiter->arg, text_of_bytes(entry->token.data, entry->token.len));
        return;
    }
    enter(entry, waiter);
    begin_work(entry);
}

void mint_refuse(struct mint *mint, enum token_action action)
{
    mint->entries[action].is_refused = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct mint_entry *entry = handle->data;
    entry->mint->open_handles--;
    maybe_closed(entry->mint);
}

void mint_close(struct mint *mint, void (*on_closed)(void *arg), void *arg)
{
    mint->is_closing = true;
    mint->on_closed = on_closed;
    mint->arg = arg;
    for (int i = 0; i < MINT_ACTIONS; i++) {
        secret_clear(&mint->entries[i].token);
        uv_close((uv_handle_t *)&mint->entries[i].renew, on_timer_closed);
    }
}
