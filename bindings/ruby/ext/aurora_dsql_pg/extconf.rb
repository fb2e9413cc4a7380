# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

# Finds libdsql as any program would: pkg-config, PKG_CONFIG_PATH for one that is not installed.
require "mkmf"

unless pkg_config("dsql")
  abort "libdsql is missing: install it ('make install' in the project), or let " \
        "PKG_CONFIG_PATH name the folder of its dsql.pc"
end
abort "dsql.h is missing" unless have_header("dsql.h")

# Where the loader would not look by itself, it is told: a library in a folder of one's own works.
libdir = pkg_config("dsql", "variable=libdir").to_s.strip
append_ldflags("-Wl,-rpath,#{libdir}") unless libdir.empty? || libdir.start_with?("/usr/lib")

append_cflags(["-std=gnu11", "-fvisibility=hidden"])
# Not append_cflags: mkmf's own trial does not compile without a warning.  Nor do Ruby's headers
# use all of their parameters.
$CFLAGS << " -Wall -Wextra -Wno-unused-parameter"
# For builds with sanitizers.
$CFLAGS << " #{ENV['DSQL_RUBY_CFLAGS']}" if ENV["DSQL_RUBY_CFLAGS"]
create_makefile("aurora_dsql_pg/native")
