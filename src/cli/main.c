/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The dsql command.  Everything else is in a library, so that tests can link it. */
#include "cli/command.h"
#include "local/wiped_memory.h"

int main(int argc, char **argv)
{
    wiped_memory_use();
    return command_main(&command_root, "dsql", argc, argv);
}
