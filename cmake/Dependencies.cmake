# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto SSL)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq>=15)
if(DSQL_BUILD_PROGRAMS)
  pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv>=1.40)
  pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.12)
endif()
