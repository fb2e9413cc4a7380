/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * As much XML as an answer of AWS STS needs: elements, text, comments, the five entities
 * and character references.  A document type, a CDATA section or any other entity makes
 * the document broken, so nothing in it can grow or point elsewhere.
 */
#ifndef DSQL_CREDENTIALS_XML_H
#define DSQL_CREDENTIALS_XML_H

#include "base/buf.h"
#include "base/text.h"

enum xml_result {
    XML_FOUND,
    XML_ABSENT, /* well-formed, as far as we look, without that element */
    XML_BROKEN  /* not well-formed, the element there twice or not only text, or no room in out */
};

/**
 * Appends the text of the element at a path of names from the root: "a/b/c".  The whole document
 * is read each time, so XML_FOUND also means that nothing in the rest is broken.  Elements may be
 * 16 deep; prefixes of names are ignored.
 */
enum xml_result xml_find(struct text document, const char *path, struct buf *out)
    __attribute__((warn_unused_result));

#endif
