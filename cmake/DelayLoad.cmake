# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The command loads libpq, libcurl and libssl when it first needs them (src/cli/delayed/).  That needs shared
# libraries, and their sonames: with static libraries, as for musl, the command is linked with them.

option(DSQL_DELAY_LOAD "The command loads libpq, libcurl and libssl when it first needs them" ON)

# dsql_soname(VARIABLE TARGET NAME): the soname of libNAME among the libraries of TARGET; or empty.
function(dsql_soname variable target name)
  set(${variable} "" PARENT_SCOPE)
  get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
  get_target_property(location ${target} LOCATION)
  list(APPEND libraries ${location})
  foreach(library IN LISTS libraries)
    if(library MATCHES "/lib${name}[^/]*\\.so[^/]*$")
      execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${library} OUTPUT_VARIABLE headers ERROR_QUIET)
      if(headers MATCHES "SONAME +(lib[^ \n/]+)")
        set(${variable} ${CMAKE_MATCH_1} PARENT_SCOPE)
      endif()
    endif()
  endforeach()
endfunction()

set(DSQL_LIBPQ "")
set(DSQL_LIBCURL "")
set(DSQL_LIBSSL "")
if(DSQL_DELAY_LOAD AND CMAKE_OBJDUMP)
  dsql_soname(DSQL_LIBPQ PkgConfig::LIBPQ pq)
  dsql_soname(DSQL_LIBCURL PkgConfig::LIBCURL curl)
  dsql_soname(DSQL_LIBSSL OpenSSL::SSL ssl)
endif()
set(DSQL_DELAYS_LOADING OFF)
if(DSQL_LIBPQ AND DSQL_LIBCURL AND DSQL_LIBSSL)
  set(DSQL_DELAYS_LOADING ON)
endif()
