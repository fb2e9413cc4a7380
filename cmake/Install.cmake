# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts where.  Everything is found relative to its own place,
# so that the prefix may be chosen, or moved, after the build.

option(DSQL_INSTALL "Install dsql along with the project that builds it" ${PROJECT_IS_TOP_LEVEL})
if(NOT DSQL_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

# ---- the libraries, the header, the command --------------------------------------

if(DSQL_HAS_STATIC)
  install(FILES ${DSQL_STATIC_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(TARGETS dsql EXPORT dsqlTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES include/dsql.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET dsql_cli)
  install(TARGETS dsql_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# ---- completions: where each shell looks for those of packages ---------------------

set(DSQL_BASH_COMPLETIONS ${CMAKE_INSTALL_DATADIR}/bash-completion/completions CACHE STRING "For bash")
set(DSQL_ZSH_COMPLETIONS ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "For zsh")
set(DSQL_FISH_COMPLETIONS ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d CACHE STRING "For fish")
if(TARGET dsql_cli AND NOT CMAKE_CROSSCOMPILING)
  set(scripts)
  foreach(shell bash zsh fish)
    set(script ${PROJECT_BINARY_DIR}/completion.${shell})
    add_custom_command(OUTPUT ${script}
      COMMAND sh -c "exec \"$1\" completion \"$2\" >\"$3\"" sh $<TARGET_FILE:dsql_cli> ${shell} ${script}
      DEPENDS dsql_cli VERBATIM)
    list(APPEND scripts ${script})
  endforeach()
  add_custom_target(completions ALL DEPENDS ${scripts})
  install(FILES ${PROJECT_BINARY_DIR}/completion.bash DESTINATION ${DSQL_BASH_COMPLETIONS} RENAME dsql)
  install(FILES ${PROJECT_BINARY_DIR}/completion.zsh DESTINATION ${DSQL_ZSH_COMPLETIONS} RENAME _dsql)
  install(FILES ${PROJECT_BINARY_DIR}/completion.fish DESTINATION ${DSQL_FISH_COMPLETIONS} RENAME dsql.fish)
endif()

# ---- units of systemd: installed, and neither enabled nor started ----------------------

set(DSQL_SYSTEMD lib CACHE PATH "Folder with systemd/system, systemd/user and sysusers.d; empty: none")
set(DSQL_UNITS "")
if(TARGET dsql_cli AND DSQL_SYSTEMD AND CMAKE_SYSTEM_NAME STREQUAL Linux)
  list(APPEND DSQL_UNITS dsql-proxy)
  if(TARGET dsql_local)
    list(APPEND DSQL_UNITS dsql-local)
  endif()
endif()
foreach(unit IN LISTS DSQL_UNITS)
  foreach(file ${unit}.service ${unit}.user.service)
    configure_file(packaging/systemd/${file}.in ${PROJECT_BINARY_DIR}/systemd/${file} @ONLY)
  endforeach()
  install(FILES ${PROJECT_BINARY_DIR}/systemd/${unit}.service DESTINATION ${DSQL_SYSTEMD}/systemd/system)
  install(FILES ${PROJECT_BINARY_DIR}/systemd/${unit}.user.service DESTINATION ${DSQL_SYSTEMD}/systemd/user
    RENAME ${unit}.service)
  install(FILES packaging/systemd/${unit}.sysusers.conf DESTINATION ${DSQL_SYSTEMD}/sysusers.d
    RENAME ${unit}.conf)
endforeach()

# ---- pkg-config ----------------------------------------------------------------

# From the .pc file's folder to the prefix; an absolute libdir cannot be moved.
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR} OR IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
  set(DSQL_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
  set(DSQL_PC_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
  set(DSQL_PC_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" up ${up})
  set(DSQL_PC_PREFIX "\${pcfiledir}/${up}")
  set(DSQL_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(DSQL_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(cmake/dsql.pc.in ${PROJECT_BINARY_DIR}/dsql.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/dsql.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# ---- CMake package -------------------------------------------------------------

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dsql)
install(EXPORT dsqlTargets NAMESPACE dsql:: DESTINATION ${package_dir})
configure_package_config_file(cmake/dsqlConfig.cmake.in ${PROJECT_BINARY_DIR}/dsqlConfig.cmake
  INSTALL_DESTINATION ${package_dir}
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dsqlConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dsqlConfig.cmake ${PROJECT_BINARY_DIR}/dsqlConfigVersion.cmake
  DESTINATION ${package_dir})

# ---- documentation ---------------------------------------------------------------

foreach(section 1 3 7)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section}
    FILES_MATCHING PATTERN "*.${section}" PATTERN CMakeFiles EXCLUDE)
endforeach()
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(GLOB examples examples/*.c)
install(FILES ${examples} DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
