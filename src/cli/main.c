/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The dsql command. */
#include "cli/command.h"

int main(int argc, char **argv)
{
    return command_main(&command_root, "dsql", argc, argv);
}
