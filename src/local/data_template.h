/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * initdb takes half a second, and a copy of what it has created a tenth of that.  So the first
 * cluster leaves a copy of its data directory, before PostgreSQL has run in it, in the cache of
 * the user who owns it, and later clusters begin with a copy of that template.
 *
 * A template is used only if it is what was made: by the same programs of PostgreSQL, with the
 * same settings, since the machine was started (nothing was synced to the disk), and unchanged.
 * Without one, or without a cache, initdb runs: nothing here is an error.
 */
#ifndef DSQL_LOCAL_DATA_TEMPLATE_H
#define DSQL_LOCAL_DATA_TEMPLATE_H

#include "base/text.h"
#include "local/cluster.h"

#include <limits.h>
#include <stdbool.h>

enum { DATA_TEMPLATE_KEY_SIZE = 33 };

struct data_template {
    int directory;                    /* of all templates; -1: none is used */
    char key[DATA_TEMPLATE_KEY_SIZE]; /* the name of this one */
};

/**
 * Before the user changes and before the environment is wiped: creates the directory of the
 * templates, which belongs to the cluster's owner.  path is "" if there is none.
 */
void data_template_prepare(const struct cluster *cluster, char path[PATH_MAX]);

/**
 * As the owner.  origin: everything that decides what initdb creates, except for the programs in
 * bindir, which are looked at here.
 */
void data_template_open(struct data_template *template, const char *path, const char *bindir,
                        struct text origin);
void data_template_close(struct data_template *template);

/** For declarations: struct data_template t AUTO_DATA_TEMPLATE; */
#define AUTO_DATA_TEMPLATE __attribute__((cleanup(data_template_close)))

/** Creates the data directory as a copy.  False: nothing is there, also not a part of it. */
bool data_template_copy(const struct data_template *template, const char *data);

/** Keeps a copy of the data directory, unless there is one, and removes older templates. */
void data_template_keep(const struct data_template *template, const char *data);

#endif
