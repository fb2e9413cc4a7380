# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# libdsql.a: one object in which only what is exported is global, so that our internal names cannot
# clash with those of the program it is linked into.  dsql::static is the target to link to, here
# and in a project that contains this one.

set(DSQL_HAS_STATIC OFF)
if(DSQL_SANITIZE OR NOT CMAKE_OBJCOPY)
  return()
endif()
set(DSQL_HAS_STATIC ON)
set(DSQL_STATIC_LIBRARY ${PROJECT_BINARY_DIR}/libdsql.a)
add_custom_command(OUTPUT ${DSQL_STATIC_LIBRARY}
  COMMAND ${CMAKE_LINKER} -r -o libdsql.o $<TARGET_OBJECTS:dsql_objects>
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden libdsql.o
  COMMAND ${CMAKE_COMMAND} -E rm -f ${DSQL_STATIC_LIBRARY}
  COMMAND ${CMAKE_AR} rcs ${DSQL_STATIC_LIBRARY} libdsql.o
  DEPENDS dsql_objects $<TARGET_OBJECTS:dsql_objects>
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR}
  COMMENT "Making libdsql.a, one object"
  COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(dsql_static ALL DEPENDS ${DSQL_STATIC_LIBRARY})

# An imported target, because CMake can make a library of objects but not localize their names.
add_library(dsql::static STATIC IMPORTED GLOBAL)
add_dependencies(dsql::static dsql_static)
set_target_properties(dsql::static PROPERTIES
  IMPORTED_LOCATION ${DSQL_STATIC_LIBRARY}
  IMPORTED_LINK_INTERFACE_LANGUAGES C
  INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/include
  INTERFACE_LINK_LIBRARIES
    "PkgConfig::LIBPQ;OpenSSL::Crypto;PkgConfig::LIBCURL;PkgConfig::JANSSON;Threads::Threads")
