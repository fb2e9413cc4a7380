/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A session in the middle of a record keeps its buffers (SSL_free_buffers() sees to it).  It comes
 * back to the list with the rest of the record.
 */
#include "net/tls_buffers.h"

#include <stddef.h>

static _Thread_local struct tls_buffers *newest;
static _Thread_local struct tls_buffers *oldest;
static _Thread_local int count;

void tls_buffers_leave(struct tls_buffers *buffers)
{
    if (buffers->ssl == NULL) {
        return;
    }
    *(buffers->newer != NULL ? &buffers->newer->older : &newest) = buffers->older;
    *(buffers->older != NULL ? &buffers->older->newer : &oldest) = buffers->newer;
    *buffers = (struct tls_buffers){0};
    count--;
}

static void enter(struct tls_buffers *buffers, SSL *ssl)
{
    *buffers = (struct tls_buffers){.ssl = ssl, .older = newest};
    *(newest != NULL ? &newest->newer : &oldest) = buffers;
    newest = buffers;
    count++;
}

void tls_buffers_use(struct tls_buffers *buffers, SSL *ssl)
{
    if (buffers == newest) {
        return;
    }
    tls_buffers_leave(buffers);
    enter(buffers, ssl);
    if (count > TLS_BUFFERS_MAX) {
        SSL *idle = oldest->ssl;
        tls_buffers_leave(oldest);
        (void)SSL_free_buffers(idle);
    }
}
