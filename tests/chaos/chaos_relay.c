/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay of byte_relay.h as a process: cuts each connection at a random byte.  Prints its port,
 * and ends with its standard input.  There, "cut BYTES" changes what new connections may pass; it
 * is answered with the number of connections that were cut.
 * usage: chaos_relay SERVER_PORT SEED CUT_BYTES        (CUT_BYTES 0: no cuts)
 */
#include "byte_relay.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: chaos_relay SERVER_PORT SEED CUT_BYTES\n");
        return EXIT_FAILURE;
    }
    printf("%d\n", byte_relay_start((int)strtol(argv[1], NULL, 10)));
    fflush(stdout);
    unsigned seed = (unsigned)strtoul(argv[2], NULL, 10);
    byte_relay_cut_at_random(seed, strtol(argv[3], NULL, 10));
    char line[32];
    long most_bytes = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "cut %ld", &most_bytes) == 1) {
            byte_relay_cut_at_random(++seed, most_bytes);
            printf("%ld\n", byte_relay_cuts());
            fflush(stdout);
        }
    }
    return EXIT_SUCCESS;
}
