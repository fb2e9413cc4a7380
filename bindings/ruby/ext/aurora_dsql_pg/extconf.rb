# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

# Finds libdsql as any program would: pkg-config, PKG_CONFIG_PATH for one that is not installed.
require "mkmf"

unless pkg_config("dsql")
  abort "libdsql is missing: install it ('make install' in the project), or let " \
        "PKG_CONFIG_PATH name the folder of its dsql.pc"
end
abort "dsql.h is missing" unless have_header("dsql.h")

append_cflags(["-std=gnu11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fvisibility=hidden"])
create_makefile("aurora_dsql_pg/native")
