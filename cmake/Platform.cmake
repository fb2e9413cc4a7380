# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Which functions beyond POSIX.1-2008 the system has: definitions for src/base/platform.c, the only
# file of the library that uses them.  Everything else is compiled as POSIX.1-2008.
include(CheckSymbolExists)

option(DSQL_POSIX "Build libdsql from POSIX.1-2008 alone, with every fallback" OFF)

set(DSQL_POSIX_DEFINITIONS _POSIX_C_SOURCE=200809L)
set(DSQL_PLATFORM_DEFINITIONS ${DSQL_POSIX_DEFINITIONS})

# dsql_platform_has(SYMBOL HEADER...): defines DSQL_HAVE_<SYMBOL> where the system has it.
function(dsql_platform_has symbol)
  string(TOUPPER "DSQL_HAVE_${symbol}" variable)
  set(CMAKE_REQUIRED_DEFINITIONS -D_GNU_SOURCE)
  set(CMAKE_REQUIRED_QUIET ON)
  check_symbol_exists(${symbol} "${ARGN}" ${variable})
  if(${variable})
    set(DSQL_PLATFORM_DEFINITIONS ${DSQL_PLATFORM_DEFINITIONS} ${variable} PARENT_SCOPE)
  endif()
endfunction()

if(NOT DSQL_POSIX)
  set(DSQL_PLATFORM_DEFINITIONS _GNU_SOURCE)
  dsql_platform_has(strerrordesc_np string.h)
  dsql_platform_has(secure_getenv stdlib.h)
  dsql_platform_has(getrandom sys/random.h)
  dsql_platform_has(pipe2 unistd.h)
  dsql_platform_has(eventfd sys/eventfd.h)
  dsql_platform_has(SOCK_CLOEXEC sys/socket.h)
  dsql_platform_has(dup3 unistd.h)
  dsql_platform_has(close_range unistd.h)
  dsql_platform_has(mkostemp stdlib.h)
  dsql_platform_has(CLOCK_MONOTONIC_COARSE time.h)
  dsql_platform_has(MSG_DONTWAIT sys/socket.h)
  dsql_platform_has(posix_spawn_file_actions_addclosefrom_np spawn.h)
endif()
