/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Ruby side needs of libdsql: credentials, tokens, endpoints, connection
 * parameters, and what is a conflict.  Connections themselves are Ruby's PG's.
 *
 * Everything that may block (a fetch of credentials) runs without the GVL, on copies
 * that no other thread can change.  Ruby raises by longjmp(): whatever libdsql gave is
 * turned into Ruby objects under rb_protect() and freed before an exception goes on.
 * Not marked Ractor-safe: another Ractor gets Ractor::UnsafeError, and nothing worse.
 */
#include <dsql.h>

#include <ruby.h>
#include <ruby/thread.h>

static VALUE error_class;
static VALUE provider_class;
static ID status_variable;

/* ---- Errors ---- */

/* AuroraDsql::Pg::Error, with the name of the status as a symbol. */
static void raise_error(const dsql_error *err)
{
    VALUE error = rb_exc_new_cstr(error_class, err->message);
    rb_ivar_set(error, status_variable, ID2SYM(rb_intern(dsql_status_name(err->status))));
    rb_exc_raise(error);
}

/* ---- Texts ---- */

/*
 * A frozen copy of a string or nil, safe while the GVL is not held: *kept stays on the
 * caller's stack, so that the copy is neither collected nor moved.
 */
static const char *keep_text(VALUE value, volatile VALUE *kept)
{
    *kept = Qnil;
    if (NIL_P(value)) {
        return NULL;
    }
    VALUE string = rb_str_new_frozen(StringValue(value));
    *kept = string;
    return StringValueCStr(string); /* ArgumentError for a NUL inside */
}

static VALUE text_or_nil(const char *text)
{
    return text == NULL || text[0] == '\0' ? Qnil : rb_utf8_str_new_cstr(text);
}

/* ---- Blocking ---- */

struct blocking_call {
    void *(*run)(void *);
    void *arg;
};

static VALUE run_blocking(VALUE arg)
{
    const struct blocking_call *call = (const struct blocking_call *)arg;
    rb_thread_call_without_gvl(call->run, call->arg, NULL, NULL);
    return Qnil;
}

/*
 * Other threads run meanwhile.  Not 0: this thread was killed or interrupted; the caller
 * frees what it has, whether run() was called or not, and goes on with rb_jump_tag().
 */
static int without_gvl(void *(*run)(void *), void *arg)
{
    struct blocking_call call = {.run = run, .arg = arg};
    int tag = 0;
    rb_protect(run_blocking, (VALUE)&call, &tag);
    return tag;
}

/* ---- Provider ---- */

static void free_provider(void *data)
{
    dsql_credentials_unref(data);
}

static size_t provider_size(const void *data)
{
    (void)data;
    return sizeof(void *); /* the rest belongs to libdsql, which may share it */
}

/* Holds no Ruby object, so there is nothing to mark, and nothing to update on compaction. */
static const rb_data_type_t provider_type = {
    .wrap_struct_name = "AuroraDsql::Pg::Native::Provider",
    .function = {.dfree = free_provider, .dsize = provider_size},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY | RUBY_TYPED_WB_PROTECTED,
};

/* Made first, since that may raise; then there is somebody to free the provider. */
static VALUE empty_provider(void)
{
    return TypedData_Wrap_Struct(provider_class, &provider_type, NULL);
}

static VALUE fill_provider(VALUE object, dsql_credentials_provider *provider, const dsql_error *err)
{
    if (provider == NULL) {
        raise_error(err);
    }
    RTYPEDDATA_DATA(object) = provider;
    return object;
}

static dsql_credentials_provider *provider_of(VALUE object)
{
    return rb_check_typeddata(object, &provider_type);
}

/* Provider.default(profile): the default chain. */
static VALUE provider_default(VALUE self, VALUE profile)
{
    volatile VALUE kept;
    const char *name = keep_text(profile, &kept);
    VALUE object = empty_provider();
    dsql_error err = {0};
    (void)self;
    return fill_provider(object, dsql_credentials_default(name, &err), &err);
}

/* Provider.static(access_key_id, secret_access_key, session_token). */
static VALUE provider_static(VALUE self, VALUE id, VALUE secret, VALUE token)
{
    volatile VALUE kept[3];
    const char *id_text = keep_text(id, &kept[0]);
    const char *secret_text = keep_text(secret, &kept[1]);
    const char *token_text = keep_text(token, &kept[2]);
    VALUE object = empty_provider();
    dsql_error err = {0};
    (void)self;
    return fill_provider(object, dsql_credentials_static(id_text, secret_text, token_text, &err),
                         &err);
}

struct fetch {
    dsql_credentials_provider *provider;
    dsql_credentials *credentials;
    dsql_error err;
};

static void *run_fetch(void *arg)
{
    struct fetch *fetch = arg;
    fetch->credentials = dsql_credentials_fetch(fetch->provider, &fetch->err);
    return NULL;
}

static VALUE credentials_array(VALUE arg)
{
    const dsql_credentials *credentials = (const dsql_credentials *)arg;
    int64_t expires_at = dsql_credentials_expires_at(credentials);
    return rb_ary_new_from_args(
        4, rb_utf8_str_new_cstr(dsql_credentials_access_key_id(credentials)),
        rb_utf8_str_new_cstr(dsql_credentials_secret_access_key(credentials)),
        text_or_nil(dsql_credentials_session_token(credentials)),
        expires_at == 0 ? Qnil : LL2NUM(expires_at));
}

/* provider.fetch: [access_key_id, secret_access_key, session_token or nil, expires_at or nil]. */
static VALUE provider_fetch(VALUE self)
{
    struct fetch fetch = {.provider = dsql_credentials_ref(provider_of(self))};
    int tag = without_gvl(run_fetch, &fetch);
    dsql_credentials_unref(fetch.provider);
    if (tag == 0 && fetch.credentials == NULL) {
        raise_error(&fetch.err);
    }
    VALUE result = Qnil;
    if (tag == 0) {
        result = rb_protect(credentials_array, (VALUE)fetch.credentials, &tag);
    }
    dsql_credentials_free(fetch.credentials);
    if (tag != 0) {
        rb_jump_tag(tag);
    }
    return result;
}

/* ---- Tokens ---- */

struct token_call {
    dsql_options options;
    char *token;
    int64_t expires_at;
    dsql_error err;
};

static void *run_token(void *arg)
{
    struct token_call *call = arg;
    call->token = dsql_token(&call->options, &call->expires_at, &call->err);
    return NULL;
}

static VALUE token_array(VALUE arg)
{
    const struct token_call *call = (const struct token_call *)arg;
    return rb_ary_new_from_args(2, rb_utf8_str_new_cstr(call->token), LL2NUM(call->expires_at));
}

/* Native.token(host, region, user, expires_in, provider): [token, expires_at]. */
static VALUE native_token(VALUE self, VALUE host, VALUE region, VALUE user, VALUE expires_in,
                          VALUE provider)
{
    volatile VALUE kept[3];
    struct token_call call = {.options = dsql_options_init()};
    (void)self;
    call.options.host = keep_text(host, &kept[0]);
    call.options.region = keep_text(region, &kept[1]);
    call.options.user = keep_text(user, &kept[2]);
    call.options.token_seconds = NUM2INT(expires_in);
    call.options.credentials = dsql_credentials_ref(provider_of(provider));
    int tag = without_gvl(run_token, &call);
    dsql_credentials_unref(call.options.credentials);
    if (tag == 0 && call.token == NULL) {
        raise_error(&call.err);
    }
    VALUE result = Qnil;
    if (tag == 0) {
        result = rb_protect(token_array, (VALUE)&call, &tag);
    }
    dsql_token_free(call.token);
    if (tag != 0) {
        rb_jump_tag(tag);
    }
    return result;
}

/* ---- Endpoints ---- */

/* Native.endpoint(host, region): [host, region or nil]. */
static VALUE native_endpoint(VALUE self, VALUE host, VALUE region)
{
    volatile VALUE kept[2];
    const char *host_text = keep_text(host, &kept[0]);
    const char *region_text = keep_text(region, &kept[1]);
    dsql_endpoint endpoint;
    dsql_error err = {0};
    (void)self;
    if (dsql_endpoint_resolve(host_text, region_text, &endpoint, &err) != DSQL_OK) {
        raise_error(&err);
    }
    return rb_ary_new_from_args(2, rb_utf8_str_new_cstr(endpoint.host),
                                text_or_nil(endpoint.region));
}

/* ---- Connection parameters ---- */

struct params_call {
    dsql_options options;
    const char *token;
    dsql_params *params;
    dsql_error err;
};

/* Looks up the host behind an interface endpoint of PrivateLink. */
static void *run_params(void *arg)
{
    struct params_call *call = arg;
    call->params = dsql_params_new_with_token(&call->options, call->token, &call->err);
    return NULL;
}

static VALUE params_hash(VALUE arg)
{
    const dsql_params *params = (const dsql_params *)arg;
    const char *const *keywords = dsql_params_keywords(params);
    const char *const *values = dsql_params_values(params);
    VALUE hash = rb_hash_new();
    for (size_t i = 0; keywords[i] != NULL; i++) {
        rb_hash_aset(hash, ID2SYM(rb_intern(keywords[i])), rb_utf8_str_new_cstr(values[i]));
    }
    return hash;
}

/*
 * Native.params(host, region, user, keywords, values, token): what libpq gets, as a Hash.
 * keywords and values: arrays of strings of the same length, further libpq parameters.
 */
static VALUE native_params(VALUE self, VALUE host, VALUE region, VALUE user, VALUE keywords,
                           VALUE values, VALUE token)
{
    enum { MAX_PARAMS = 64 };
    volatile VALUE kept[4 + 2 * MAX_PARAMS];
    const char *names[MAX_PARAMS + 1] = {0};
    const char *texts[MAX_PARAMS + 1] = {0};
    long count = RARRAY_LEN(rb_check_array_type(keywords));
    (void)self;
    if (count > MAX_PARAMS || RARRAY_LEN(rb_check_array_type(values)) != count) {
        rb_raise(rb_eArgError, "at most %d parameters, each with a value", MAX_PARAMS);
    }
    for (long i = 0; i < count; i++) {
        names[i] = keep_text(rb_ary_entry(keywords, i), &kept[4 + 2 * i]);
        texts[i] = keep_text(rb_ary_entry(values, i), &kept[5 + 2 * i]);
    }
    struct params_call call = {.options = dsql_options_init()};
    call.options.host = keep_text(host, &kept[0]);
    call.options.region = keep_text(region, &kept[1]);
    call.options.user = keep_text(user, &kept[2]);
    call.options.pq_keywords = names;
    call.options.pq_values = texts;
    call.token = keep_text(token, &kept[3]);
    int tag = without_gvl(run_params, &call);
    if (tag == 0 && call.params == NULL) {
        raise_error(&call.err);
    }
    VALUE hash = Qnil;
    if (tag == 0) {
        hash = rb_protect(params_hash, (VALUE)call.params, &tag);
    }
    dsql_params_free(call.params);
    if (tag != 0) {
        rb_jump_tag(tag);
    }
    return hash;
}

/* ---- Conflicts ---- */

/* Native.occ(sqlstate, message): :data, :schema, :other or nil. */
static VALUE native_occ(VALUE self, VALUE sqlstate, VALUE message)
{
    volatile VALUE kept[2];
    const char *state = keep_text(sqlstate, &kept[0]);
    const char *text = keep_text(message, &kept[1]);
    (void)self;
    switch (dsql_occ_classify(state, text)) {
    case DSQL_OCC_DATA:
        return ID2SYM(rb_intern("data"));
    case DSQL_OCC_SCHEMA:
        return ID2SYM(rb_intern("schema"));
    case DSQL_OCC_OTHER:
        return ID2SYM(rb_intern("other"));
    case DSQL_OCC_NONE:
        break;
    }
    return Qnil;
}

static VALUE native_library_version(VALUE self)
{
    (void)self;
    return INT2NUM(dsql_version());
}

RUBY_FUNC_EXPORTED void Init_native(void)
{
    VALUE pg = rb_define_module_under(rb_define_module("AuroraDsql"), "Pg");
    VALUE native = rb_define_module_under(pg, "Native");
    error_class = rb_const_get(pg, rb_intern("Error"));
    rb_gc_register_mark_object(error_class);
    status_variable = rb_intern("@status");

    provider_class = rb_define_class_under(native, "Provider", rb_cObject);
    rb_gc_register_mark_object(provider_class);
    rb_undef_alloc_func(provider_class);
    rb_define_singleton_method(provider_class, "default", provider_default, 1);
    rb_define_singleton_method(provider_class, "static", provider_static, 3);
    rb_define_method(provider_class, "fetch", provider_fetch, 0);

    rb_define_module_function(native, "library_version", native_library_version, 0);
    rb_define_module_function(native, "token", native_token, 5);
    rb_define_module_function(native, "endpoint", native_endpoint, 2);
    rb_define_module_function(native, "params", native_params, 6);
    rb_define_module_function(native, "occ", native_occ, 2);
}
