# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

# Finds libdsql with pkg-config.  PKG_CONFIG_PATH selects a copy outside the system's folders.
require "mkmf"

unless pkg_config("dsql")
  abort "pkg-config could not find libdsql. Install it ('make install' in the dsql project), or set " \
        "PKG_CONFIG_PATH to the folder that contains dsql.pc."
end
abort "the compiler could not find dsql.h. Check the Cflags in dsql.pc; mkmf.log has the details." unless have_header("dsql.h")

# The dynamic loader does not search a private prefix by itself.  --disable-dsql-rpath is for packages;
# not --disable-rpath, with which Debian has configured Ruby itself.
libdir = pkg_config("dsql", "variable=libdir").to_s.strip
needs_rpath = enable_config("dsql-rpath", true) && !libdir.empty? && !libdir.start_with?("/usr/lib")
append_ldflags("-Wl,-rpath,#{libdir}") if needs_rpath

append_cflags(["-std=gnu11", "-fvisibility=hidden"])
# append_cflags would drop these, because mkmf's trial program does not compile without warnings.
# Ruby's headers have unused parameters.
$CFLAGS << " -Wall -Wextra -Wno-unused-parameter"
# For builds with sanitizers, and for packages, which are hardened.
$CFLAGS << " #{ENV['DSQL_RUBY_CFLAGS']}" if ENV["DSQL_RUBY_CFLAGS"]
$DLDFLAGS << " #{ENV['DSQL_RUBY_LDFLAGS']}" if ENV["DSQL_RUBY_LDFLAGS"]
create_makefile("aurora_dsql_pg/native")
