/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What settings_resolve() leaves open because it takes files or the network to find out:
 * the region, when neither options, host nor environment tell it, and who logs in.
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

/** The server refused the credentials as too old: fetched anew before they are used again. */
void settings_mark_credentials_rejected(const struct settings *settings);

#endif
