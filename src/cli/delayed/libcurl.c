/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's functions, as far as http/curl.c uses them; one that is missing here does not link.
 * curl_global_init() loads the library and fails if it cannot, and curl_easy_strerror() then has
 * the reason.  The others are called only after it has succeeded, in whatever thread.
 */
#include "cli/delayed/library.h"

/* Macros of these names would check the types of arguments that are passed on. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo

#include <pthread.h>
#include <stdarg.h>

/* The functions that are passed on as they are: result, name, parameters, arguments. */
#define FUNCTIONS(F)                                                                               \
    F(CURL *, curl_easy_init, (void), ())                                                          \
    F(CURLcode, curl_easy_perform, (CURL * curl), (curl))                                          \
    F(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *data),        \
      (list, data))
#define PROCEDURES(F)                                                                              \
    F(void, curl_easy_cleanup, (CURL * curl), (curl))                                              \
    F(void, curl_slist_free_all, (struct curl_slist * list), (list))
/* And those that are written out below. */
#define OTHERS(F)                                                                                  \
    F(CURLcode, curl_global_init, (long flags), (flags))                                           \
    F(const char *, curl_easy_strerror, (CURLcode code), (code))                                   \
    F(CURLcode, curl_easy_setopt, (CURL * curl, CURLoption option, ...), none)                     \
    F(CURLcode, curl_easy_getinfo, (CURL * curl, CURLINFO info, ...), none)

/* Types and parameters cannot be in parentheses. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define FIELD(result, name, parameters, arguments) result(*name) parameters;
#define ROW(result, name, parameters, arguments)   {#name, offsetof(struct libcurl, name)},

struct libcurl {
    FUNCTIONS(FIELD)
    PROCEDURES(FIELD)
    OTHERS(FIELD)
};

static const struct delayed_function functions[] = {FUNCTIONS(ROW) PROCEDURES(ROW) OTHERS(ROW)};
static struct libcurl loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_loaded;
static char reason[DELAYED_REASON_SIZE];

DELAYED_NOTE("[{\"soname\":[\"" DSQL_LIBCURL "\"],\"feature\":\"credentials\","
             "\"description\":\"AWS credentials from the network\",\"priority\":\"required\"}]");

static void load(void)
{
    is_loaded = delayed_load(DSQL_LIBCURL, functions, sizeof functions / sizeof functions[0],
                             &loaded, reason);
}

CURLcode curl_global_init(long flags)
{
    pthread_once(&once, load);
    return is_loaded ? loaded.curl_global_init(flags) : CURLE_FAILED_INIT;
}

const char *curl_easy_strerror(CURLcode code)
{
    return is_loaded ? loaded.curl_easy_strerror(code) : reason;
}

#define FUNCTION(result, name, parameters, arguments)                                              \
    result name parameters                                                                         \
    {                                                                                              \
        return loaded.name arguments;                                                              \
    }
#define PROCEDURE(result, name, parameters, arguments)                                             \
    result name parameters                                                                         \
    {                                                                                              \
        loaded.name arguments;                                                                     \
    }

FUNCTIONS(FUNCTION)
PROCEDURES(PROCEDURE)

/* The number of an option says of which type its value is. */
CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    CURLcode code = CURLE_UNKNOWN_OPTION;
    va_list value;
    va_start(value, option);
    /* NOLINTNEXTLINE(bugprone-branch-clone): the types differ */
    if (option < CURLOPTTYPE_OBJECTPOINT) {
        code = loaded.curl_easy_setopt(curl, option, va_arg(value, long));
    } else if (option < CURLOPTTYPE_FUNCTIONPOINT) {
        code = loaded.curl_easy_setopt(curl, option, va_arg(value, void *));
    } else if (option < CURLOPTTYPE_OFF_T) {
        code = loaded.curl_easy_setopt(curl, option, va_arg(value, void (*)(void)));
    } else if (option < CURLOPTTYPE_BLOB) {
        code = loaded.curl_easy_setopt(curl, option, va_arg(value, curl_off_t));
    }
    va_end(value);
    return code;
}

/* Its value is always a pointer, to where the information is written. */
CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
    va_list place;
    va_start(place, info);
    CURLcode code = loaded.curl_easy_getinfo(curl, info, va_arg(place, void *));
    va_end(place);
    return code;
}
