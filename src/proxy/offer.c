/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/offer.h"

#include "base/error.h"
#include "base/memory.h"

/* ---- The settings ------------------------------------------------------ */

enum { STRINGS = OFFER_STRINGS };

static void list_strings(const struct proxy_cluster_options *own, const char *out[STRINGS])
{
    const char *const strings[STRINGS] = {own->host,   own->region,  own->profile, own->user,
                                          own->dbname, own->ca_file, own->hostaddr};
    for (int i = 0; i < STRINGS; i++) {
        out[i] = strings[i];
    }
}

/* After a failure, those that could not be copied are NULL. */
static bool copy_options(struct offer *offer, const struct proxy_cluster_options *own)
{
    struct proxy_cluster_options *copy = &offer->own;
    const char **const copies[STRINGS] = {&copy->host,    &copy->region, &copy->profile,
                                          &copy->user,    &copy->dbname, &copy->ca_file,
                                          &copy->hostaddr};
    const char *strings[STRINGS];
    bool is_fine = true;
    *copy = *own;
    list_strings(own, strings);
    for (int i = 0; i < STRINGS; i++) {
        offer->strings[i] = strings[i] == NULL ? NULL : mem_strdup(strings[i]);
        *copies[i] = offer->strings[i];
        is_fine = is_fine && (strings[i] == NULL || offer->strings[i] != NULL);
    }
    copy->password = own->password == NULL ? NULL : &offer->password;
    return is_fine && (own->password == NULL ||
                       secret_set(&offer->password, own->password->data, own->password->len));
}

static bool has_password(const struct offer *offer, const struct secret *password)
{
    return password == NULL ? offer->own.password == NULL
                            : offer->own.password != NULL &&
                                  secret_equal(offer->password.data, offer->password.len,
                                               password->data, password->len);
}

bool offer_has_options(const struct offer *offer, const struct proxy_cluster_options *own)
{
    const struct proxy_cluster_options *mine = &offer->own;
    const char *strings[STRINGS];
    const char *my_strings[STRINGS];
    bool is_same = mine->server_port == own->server_port && mine->port == own->port &&
                   mine->max_servers == own->max_servers && mine->min_idle == own->min_idle &&
                   mine->token_seconds == own->token_seconds && has_password(offer, own->password);
    list_strings(own, strings);
    list_strings(mine, my_strings);
    for (int i = 0; i < STRINGS; i++) {
        is_same = is_same && (strings[i] == NULL) == (my_strings[i] == NULL) &&
                  text_equal(text_of(strings[i]), text_of(my_strings[i]));
    }
    return is_same;
}

/* ---- The beginning ----------------------------------------------------- */

void offer_free(struct offer *offer)
{
    pools_free(offer->cluster.pools);
    cluster_clear(&offer->cluster);
    for (int i = 0; i < STRINGS; i++) {
        mem_free(offer->strings[i]);
    }
    secret_clear(&offer->password);
    mem_free(offer);
}

static dsql_status open_offer(struct offer *offer, uv_loop_t *loop,
                              const struct proxy_options *options,
                              const struct proxy_cluster_options *own, dsql_error *err)
{
    if (!copy_options(offer, own)) {
        return fail_nomem(err);
    }
    struct pools *pools = NULL;
    if (options->pool_mode == PROXY_POOL_TRANSACTION || options->retries > 0) {
        pools = pools_new(&offer->cluster, loop);
        if (pools == NULL) {
            return fail_nomem(err);
        }
    }
    dsql_status status = cluster_init(&offer->cluster, loop, options, &offer->own, err);
    if (status != DSQL_OK) {
        offer->cluster = (struct cluster){.pools = pools};
        return status;
    }
    offer->cluster.pools = pools;
    uv_timer_init(loop, &offer->drain); /* always 0 */
    offer->drain.data = offer;
    return DSQL_OK;
}

struct offer *offer_new(uv_loop_t *loop, const struct proxy_options *options,
                        const struct proxy_cluster_options *own, dsql_error *err)
{
    struct offer *offer = mem_new(sizeof *offer);
    if (offer == NULL) {
        fail_nomem(err);
        return NULL;
    }
    if (open_offer(offer, loop, options, own, err) != DSQL_OK) {
        offer_free(offer);
        return NULL;
    }
    return offer;
}

/* ---- The end ----------------------------------------------------------- */

static void on_part_closed(void *arg)
{
    struct offer *offer = arg;
    offer->closing--;
    if (offer->closing == 0) {
        offer->on_closed(offer->arg, offer);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_part_closed(handle->data);
}

void offer_close(struct offer *offer, void (*on_closed)(void *arg, struct offer *offer), void *arg)
{
    if (offer->is_closing) {
        return;
    }
    offer->is_closing = true;
    offer->on_closed = on_closed;
    offer->arg = arg;
    offer->closing = offer->cluster.pools == NULL ? 2 : 3;
    uv_close((uv_handle_t *)&offer->drain, on_timer_closed);
    if (offer->cluster.pools != NULL) {
        pools_close(offer->cluster.pools, on_part_closed, offer);
    }
    cluster_close(&offer->cluster, on_part_closed, offer);
}

static void on_timer(uv_timer_t *timer)
{
    struct offer *offer = timer->data;
    offer->on_drained(offer->arg, offer);
}

static void on_unused(void *arg)
{
    struct offer *offer = arg;
    offer_close(offer, offer->on_closed, offer->arg);
}

void offer_withdraw(struct offer *offer, int64_t drain_ms,
                    void (*on_drained)(void *arg, struct offer *offer),
                    void (*on_closed)(void *arg, struct offer *offer), void *arg)
{
    offer->on_drained = on_drained;
    offer->on_closed = on_closed;
    offer->arg = arg;
    uv_timer_start(&offer->drain, on_timer, (uint64_t)drain_ms, 0);
    cluster_retire(&offer->cluster, on_unused, offer);
}
