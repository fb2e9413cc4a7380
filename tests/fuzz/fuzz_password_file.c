/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A proxy's password file: there is a list, or an error with words. */
#include "proxy/password_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char key[PASSWORD_FILE_KEY_SIZE] = "key";
    struct text content = text_of_bytes(data, size);
    struct password_list *list = NULL;
    struct scram_verifier verifier;
    dsql_error err = {0};
    dsql_status status = password_list_parse(content, "file", key, &list, &err);
    if ((status == DSQL_OK) != (list != NULL) || (status != DSQL_OK && err.message[0] == '\0')) {
        abort();
    }
    if (list != NULL) {
        (void)password_list_find(list, content, &verifier);
        (void)password_list_find(list, text_of("app"), &verifier);
    }
    password_list_free(list);
    return 0;
}
