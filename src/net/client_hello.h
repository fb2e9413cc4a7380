/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the first message of a TLS client has come whole.  A TLS session takes tens of kilobytes,
 * and as much more as a ClientHello says that it is long, so none is made before.
 */
#ifndef DSQL_NET_CLIENT_HELLO_H
#define DSQL_NET_CLIENT_HELLO_H

#include "base/text.h"

enum {
    CLIENT_HELLO_MAX = 16384,          /* bytes of the message; the longest known are near 2 KiB */
    CLIENT_HELLO_BYTES_MAX = 2 * 16384 /* with the headers of its records */
};

enum client_hello_result { CLIENT_HELLO_COMPLETE, CLIENT_HELLO_NEEDS_MORE, CLIENT_HELLO_INVALID };

/** bytes: all that the client has sent of TLS.  Only lengths and types are looked at. */
enum client_hello_result client_hello_check(struct text bytes);

#endif
