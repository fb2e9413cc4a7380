/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread uses the settings, which do not change, and the fields of its die that is_working
 * gives to it.  Everything else happens in the thread of the loop.
 */
#include "proxy/mint.h"

#include "token/complete.h"

/* How long one attempt may take, and when a failed one is repeated in the background. */
enum { ATTEMPT_MS = 15000, AGAIN_S = 10, SECOND_MS = 1000 };

static void begin_work(struct mint_die *die);

/* ---- In the thread ----------------------------------------------------- */

/* The action follows from the user, so the user is one that has this action. */
static void work(uv_work_t *request)
{
    struct mint_die *die = request->data;
    const struct clock *clock = die->mint->clock;
    struct settings settings = *die->mint->settings; /* shares everything else, and owns nothing */
    int64_t deadline_ms = clock_monotonic_ms(clock) + ATTEMPT_MS;
    text_copy(text_of(die->action == TOKEN_CONNECT_ADMIN ? SETTINGS_ADMIN_USER : "role"),
              settings.user, sizeof settings.user);
    if (die->is_fetching_anew) {
        settings_mark_credentials_rejected(&settings);
    }
    die->made_s = clock_wall_s(clock);
    die->status =
        token_for_settings(&settings, clock, deadline_ms, &die->made, &die->expires_s, &die->error);
}

/* ---- Customers --------------------------------------------------------- */

void mint_leave(struct mint_customer *customer)
{
    if (customer->link == NULL) {
        return;
    }
    *customer->link = customer->next;
    if (customer->next != NULL) {
        customer->next->link = customer->link;
    }
    customer->next = NULL;
    customer->link = NULL;
}

/* The newest is served first, which does not matter: all get the same. */
static void enter(struct mint_die *die, struct mint_customer *customer)
{
    customer->next = die->customers;
    customer->link = &die->customers;
    if (customer->next != NULL) {
        customer->next->link = &customer->next;
    }
    die->customers = customer;
}

/* What a customer does may bring others, or make them leave. */
static void serve_all(struct mint_die *die, bool is_made)
{
    while (die->customers != NULL) {
        struct mint_customer *customer = die->customers;
        mint_leave(customer);
        if (is_made) {
            customer->on_token(customer->arg, text_of_bytes(die->token.data, die->token.len));
        } else {
            customer->on_failure(customer->arg, &die->error);
        }
    }
}

/* ---- After the thread -------------------------------------------------- */

static void on_renew(uv_timer_t *timer)
{
    begin_work(timer->data);
}

static void renew_in(struct mint_die *die, int64_t seconds)
{
    if (!die->mint->is_closing) {
        uv_timer_start(&die->renew, on_renew, (uint64_t)(seconds * SECOND_MS), 0);
    }
}

static bool keep(struct mint_die *die)
{
    struct mint *mint = die->mint;
    if (die->status == DSQL_OK && secret_set_string(&die->token, die->made)) {
        die->age = (struct token_age){.made_s = die->made_s, .expires_s = die->expires_s};
        mint->counters->token_made_s = die->made_s;
        mint->counters->tokens++;
        die->is_failing = false;
        return true;
    }
    mint->counters->token_failures++;
    if (!die->is_failing) { /* once, as it is tried again and again */
        log_write(&mint->settings->logger, DSQL_LOG_WARN, "could not make a token: %s",
                  die->error.message);
        die->is_failing = true;
    }
    return false;
}

static void drop_made(struct mint_die *die)
{
    secret_free_string(die->made);
    die->made = NULL;
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
    struct mint_die *die = request->data;
    struct mint *mint = die->mint;
    (void)status; /* it is never cancelled */
    mint->open_handles--;
    die->is_working = false;
    if (mint->is_closing) {
        drop_made(die);
        maybe_closed(mint);
        return;
    }
    bool is_made = keep(die);
    drop_made(die);
    if (die->is_refused) { /* while the thread was at work, with the old credentials */
        begin_work(die);
        return;
    }
    die->is_refused = die->is_fetching_anew && !is_made;
    renew_in(die, is_made ? token_age_renew_in_s(&die->age, clock_wall_s(mint->clock)) : AGAIN_S);
    serve_all(die, is_made);
}

static void begin_work(struct mint_die *die)
{
    if (die->is_working) {
        return;
    }
    uv_timer_stop(&die->renew);
    die->error = (dsql_error){0};
    die->is_fetching_anew = die->is_refused;
    die->is_refused = false;
    if (uv_queue_work(die->mint->loop, &die->work, work, after_work) == 0) {
        die->is_working = true;
        die->mint->open_handles++;
    }
}

/* ---- For the cluster --------------------------------------------------- */

static void init_die(struct mint *mint, enum token_action action)
{
    struct mint_die *die = &mint->dies[action];
    die->mint = mint;
    die->action = action;
    die->work.data = die;
    uv_timer_init(mint->loop, &die->renew);
    uv_unref((uv_handle_t *)&die->renew);
    die->renew.data = die;
    mint->open_handles++;
}

void mint_init(struct mint *mint, uv_loop_t *loop, const struct settings *settings,
               const struct clock *clock, struct proxy_counters *counters)
{
    *mint = (struct mint){.loop = loop, .settings = settings, .clock = clock, .counters = counters};
    init_die(mint, TOKEN_CONNECT);
    init_die(mint, TOKEN_CONNECT_ADMIN);
}

void mint_begin(struct mint *mint, enum token_action action)
{
    begin_work(&mint->dies[action]);
}

void mint_get(struct mint *mint, enum token_action action, struct mint_customer *customer)
{
    struct mint_die *die = &mint->dies[action];
    if (!die->is_refused && token_age_is_usable(&die->age, clock_wall_s(mint->clock))) {
        customer->on_token(customer->arg, text_of_bytes(die->token.data, die->token.len));
        return;
    }
    enter(die, customer);
    begin_work(die);
}

void mint_refuse(struct mint *mint, enum token_action action)
{
    mint->dies[action].is_refused = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct mint_die *die = handle->data;
    die->mint->open_handles--;
    maybe_closed(die->mint);
}

void mint_close(struct mint *mint, void (*on_closed)(void *arg), void *arg)
{
    mint->is_closing = true;
    mint->on_closed = on_closed;
    mint->arg = arg;
    for (int i = 0; i < MINT_ACTIONS; i++) {
        secret_clear(&mint->dies[i].token);
        uv_close((uv_handle_t *)&mint->dies[i].renew, on_timer_closed);
    }
}
