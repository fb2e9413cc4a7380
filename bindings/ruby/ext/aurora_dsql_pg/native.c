/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives Ruby the parts of libdsql that the gem needs: credentials, tokens, endpoints,
 * connection parameters, and the classification of conflicts.  It does not know
 * PG::Connection: lib/ opens connections with ruby-pg.
 *
 * Anything that may block (fetching credentials, resolving a host name) runs without the
 * GVL, and only reads strings that no other thread can change or free meanwhile.
 *
 * Ruby raises exceptions with longjmp(), which skips our cleanup.  So a result of libdsql is
 * converted to Ruby objects under rb_protect(), then freed, and only then does the exception
 * go on.
 *
 * The extension is not marked Ractor-safe: in any Ractor but the main one its methods raise
 * Ractor::UnsafeError.
 */
#include <dsql.h>

#include <ruby.h>
#include <ruby/thread.h>

static VALUE error_class;
static VALUE provider_class;
static ID status_variable;
static ID code_variable;

/* ---- Errors ---- */

/* Raises AuroraDsql::Pg::Error; its status is the name of the dsql_status as a Symbol, its code a
   String or nil. */
static void raise_error(const dsql_error *err)
{
    VALUE error = rb_exc_new_cstr(error_class, err->message);
    rb_ivar_set(error, status_variable, ID2SYM(rb_intern(dsql_status_name(err->status))));
    const char *code = dsql_error_code(err);
    rb_ivar_set(error, code_variable, code[0] == '\0' ? Qnil : rb_str_new_cstr(code));
    rb_exc_raise(error);
}

/* ---- Strings ---- */

/*
 * Returns the text of a String, or NULL for nil.  The text stays valid without the GVL: it
 * belongs to a frozen copy, which other threads cannot change, and *guard holds that copy.
 * The guard must be a local variable of the caller: Ruby scans the stack for references, and
 * neither frees nor moves an object that it finds there.
 */
static const char *frozen_cstr(VALUE value, volatile VALUE *guard)
{
    *guard = Qnil;
    if (NIL_P(value)) {
        return NULL;
    }
    VALUE string = rb_str_new_frozen(StringValue(value));
    *guard = string;
    return StringValueCStr(string); /* raises ArgumentError if it contains a NUL byte */
}

static VALUE string_or_nil(const char *text)
{
    return text == NULL || text[0] == '\0' ? Qnil : rb_utf8_str_new_cstr(text);
}

/* ---- Blocking calls ---- */

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
 * Calls run(arg) while other Ruby threads run.  run() must not touch Ruby objects.
 *
 * Returns 0, or a tag if this thread was killed or interrupted, which may happen before or
 * after run() was called.  The caller then frees everything that it owns, including what
 * run() returned, and calls rb_jump_tag(tag).
 *
 * There is no unblocking function, since libdsql's waits cannot be interrupted.  lib/ calls
 * this on a helper thread when that matters.
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
    return sizeof(void *); /* libdsql owns the provider, and other references may share it */
}

/*
 * Wraps one reference to a dsql_credentials_provider.  It holds no Ruby objects, so there is
 * nothing to mark and nothing to update after compaction.
 */
static const rb_data_type_t provider_type = {
    .wrap_struct_name = "AuroraDsql::Pg::Native::Provider",
    .function = {.dfree = free_provider, .dsize = provider_size},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY | RUBY_TYPED_WB_PROTECTED,
};

/*
 * The wrapper is allocated before the provider, since the allocation may raise and would leak
 * a provider that nothing owns yet.
 */
static VALUE empty_provider(void)
{
    return TypedData_Wrap_Struct(provider_class, &provider_type, NULL);
}

/* Takes ownership of the provider, or raises err if it is NULL. */
static VALUE adopt_provider(VALUE object, dsql_credentials_provider *provider,
                            const dsql_error *err)
{
    if (provider == NULL) {
        raise_error(err);
    }
    RTYPEDDATA_DATA(object) = provider;
    return object;
}

/* Returns the provider, which the object still owns.  Raises TypeError for another object. */
static dsql_credentials_provider *provider_of(VALUE object)
{
    return rb_check_typeddata(object, &provider_type);
}

/* Provider.default(profile): the default chain; a nil profile means libdsql's default. */
static VALUE provider_default(VALUE self, VALUE profile)
{
    volatile VALUE guard;
    const char *name = frozen_cstr(profile, &guard);
    VALUE object = empty_provider();
    dsql_error err = {0};
    (void)self;
    return adopt_provider(object, dsql_credentials_default(name, &err), &err);
}

/* Provider.static(access_key_id, secret_access_key, session_token). */
static VALUE provider_static(VALUE self, VALUE id, VALUE secret, VALUE token)
{
    volatile VALUE guards[3];
    const char *id_text = frozen_cstr(id, &guards[0]);
    const char *secret_text = frozen_cstr(secret, &guards[1]);
    const char *token_text = frozen_cstr(token, &guards[2]);
    VALUE object = empty_provider();
    dsql_error err = {0};
    (void)self;
    return adopt_provider(object, dsql_credentials_static(id_text, secret_text, token_text, &err),
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
        string_or_nil(dsql_credentials_session_token(credentials)),
        expires_at == 0 ? Qnil : LL2NUM(expires_at));
}

/*
 * provider.fetch: [access_key_id, secret_access_key, session_token or nil, expires_at or nil].
 * expires_at is in seconds since 1970.  The fetch holds a reference of its own, because the
 * Ruby object may be collected while the GVL is not held.
 */
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

/*
 * Native.token(host, region, user, expires_in, provider): [token, expires_at].
 * expires_in is in seconds, expires_at in seconds since 1970.
 */
static VALUE native_token(VALUE self, VALUE host, VALUE region, VALUE user, VALUE expires_in,
                          VALUE provider)
{
    volatile VALUE guards[3];
    struct token_call call = {.options = dsql_options_init()};
    (void)self;
    call.options.host = frozen_cstr(host, &guards[0]);
    call.options.region = frozen_cstr(region, &guards[1]);
    call.options.user = frozen_cstr(user, &guards[2]);
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
    volatile VALUE guards[2];
    const char *host_text = frozen_cstr(host, &guards[0]);
    const char *region_text = frozen_cstr(region, &guards[1]);
    dsql_endpoint endpoint;
    dsql_error err = {0};
    (void)self;
    if (dsql_endpoint_resolve(host_text, region_text, &endpoint, &err) != DSQL_OK) {
        raise_error(&err);
    }
    return rb_ary_new_from_args(2, rb_utf8_str_new_cstr(endpoint.host),
                                string_or_nil(endpoint.region));
}

/* ---- Connection parameters ---- */

struct params_call {
    dsql_options options;
    const char *token;
    dsql_params *params;
    dsql_error err;
};

/* Blocks only for a PrivateLink interface endpoint, whose host name it resolves. */
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
 * Native.params(host, region, user, keywords, values, token): a Hash of libpq parameters.
 * keywords and values are Arrays of Strings of the same length: the names and values of
 * additional libpq parameters.
 */
static VALUE native_params(VALUE self, VALUE host, VALUE region, VALUE user, VALUE keywords,
                           VALUE values, VALUE token)
{
    enum { MAX_PARAMS = 64 };
    volatile VALUE guards[4 + 2 * MAX_PARAMS];
    const char *names[MAX_PARAMS + 1] = {0}; /* each array ends with NULL */
    const char *texts[MAX_PARAMS + 1] = {0};
    long count = RARRAY_LEN(rb_check_array_type(keywords));
    (void)self;
    if (count > MAX_PARAMS || RARRAY_LEN(rb_check_array_type(values)) != count) {
        rb_raise(rb_eArgError, "expected at most %d connection parameters, each with one value",
                 MAX_PARAMS);
    }
    for (long i = 0; i < count; i++) {
        names[i] = frozen_cstr(rb_ary_entry(keywords, i), &guards[4 + 2 * i]);
        texts[i] = frozen_cstr(rb_ary_entry(values, i), &guards[5 + 2 * i]);
    }
    struct params_call call = {.options = dsql_options_init()};
    call.options.host = frozen_cstr(host, &guards[0]);
    call.options.region = frozen_cstr(region, &guards[1]);
    call.options.user = frozen_cstr(user, &guards[2]);
    call.options.pq_keywords = names;
    call.options.pq_values = texts;
    call.token = frozen_cstr(token, &guards[3]);
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

/* Native.occ(sqlstate, message): the kind of conflict (:data, :schema, :other), or nil. */
static VALUE native_occ(VALUE self, VALUE sqlstate, VALUE message)
{
    volatile VALUE guards[2];
    const char *state = frozen_cstr(sqlstate, &guards[0]);
    const char *text = frozen_cstr(message, &guards[1]);
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
    code_variable = rb_intern("@code");

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
