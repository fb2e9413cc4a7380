/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What settings_resolve() leaves open because it needs files or the network: the region, if
 * neither options, host nor environment have it, and the provider of the credentials.
 */
#ifndef DSQL_TOKEN_COMPLETE_H
#define DSQL_TOKEN_COMPLETE_H

#include "config/settings.h"
#include "credentials/source.h"

/** settings_resolve() and settings_complete() in the real context. */
dsql_status settings_open(const dsql_options *options, struct settings *out, dsql_error *err);

/**
 * Gives settings one provider for their whole life (the default chain, when the caller
 * brought none) and a region: that of the profile, then that of the instance.  A
 * cluster id becomes the name of its endpoint.  context->profile does not count.
 * DSQL_ERR_TOKEN: no region anywhere.
 */
dsql_status settings_complete(struct settings *settings, const struct source_context *context,
                              dsql_error *err);

/**
 * To be called after the server has rejected a token although the credentials looked valid.  They
 * are then fetched again before the next use, at most once in ten seconds.
 */
void settings_mark_credentials_rejected(const struct settings *settings);

#endif
