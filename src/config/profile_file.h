/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The AWS shared configuration: ~/.aws/config and ~/.aws/credentials, merged.
 * Rules: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
 */
#ifndef DSQL_CONFIG_PROFILE_FILE_H
#define DSQL_CONFIG_PROFILE_FILE_H

#include "base/files.h"
#include "base/text.h"

#include <dsql.h>

enum profile_section_kind {
    PROFILE_SECTION_PROFILE,
    PROFILE_SECTION_SSO_SESSION,
    PROFILE_SECTION_SERVICES
};

/** Both files, parsed.  Values may be secrets: freeing wipes them. */
struct profile_set;

/**
 * Parses two texts; either may be empty.  The caller frees the result.  The error names the file
 * and the line and never contains a value.
 */
struct profile_set *profile_set_parse(struct text config, struct text credentials, dsql_error *err);

/**
 * Reads AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE or their defaults.  A missing
 * file is empty; one that cannot be read is an error.
 */
struct profile_set *profile_set_load(const struct file_system *files, dsql_error *err);

/** Wipes the values.  NULL is allowed. */
void profile_set_free(struct profile_set *set);

/** True if the section exists, even without a setting.  Names are compared with their case. */
bool profile_set_has(const struct profile_set *set, enum profile_section_kind kind,
                     const char *name);

/**
 * Why a section that has this name in its header was not understood, with file and line; NULL if
 * there is none.  For the error when profile_set_has() is false.
 */
const char *profile_set_problem(const struct profile_set *set, const char *name);

/** The value of a key (lower case), or NULL; owned by the set.  An empty value is "". */
const char *profile_set_get(const struct profile_set *set, enum profile_section_kind kind,
                            const char *name, const char *key);

/** The same for a key inside a nested property ("s3 =" newline " key = value"). */
const char *profile_set_get_nested(const struct profile_set *set, enum profile_section_kind kind,
                                   const char *name, const char *key, const char *subkey);

#endif
