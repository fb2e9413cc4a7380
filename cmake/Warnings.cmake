# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# dsql_c_target(TARGET [DEFINITION]): language level, warnings and hardening for our own code.  The
# definition says which names the system headers declare; without one it is _GNU_SOURCE.
# Nothing here reaches a project that builds us as a subproject.

set(DSQL_WARNINGS
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wvla -Wwrite-strings -Wundef -Wformat=2
  -Wcast-qual -Wpointer-arith -Wdouble-promotion -Wimplicit-fallthrough)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND DSQL_WARNINGS -Wduplicated-cond -Wduplicated-branches -Wlogical-op
    -Wjump-misses-init -Walloc-zero -Wcast-align=strict)
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
  list(APPEND DSQL_WARNINGS -Wcomma -Wunreachable-code -Wthread-safety -Wdocumentation)
endif()

# Programs are position independent, also where that is not the compiler's default.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

set(DSQL_HARDENING -fstack-protector-strong)
if(CMAKE_BUILD_TYPE MATCHES "Release|RelWithDebInfo|MinSizeRel" AND NOT DSQL_SANITIZE)
  list(APPEND DSQL_HARDENING -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND DSQL_HARDENING -fcf-protection)
  endif()
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
    list(APPEND DSQL_HARDENING -ftrivial-auto-var-init=zero)
  endif()
endif()

function(dsql_c_target target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
  set(declared _GNU_SOURCE)
  if(ARGN)
    set(declared ${ARGN})
  endif()
  target_compile_definitions(${target} PRIVATE ${declared})
  target_compile_options(${target} PRIVATE ${DSQL_WARNINGS} ${DSQL_HARDENING}
    $<$<BOOL:${DSQL_WERROR}>:-Werror>)
  target_link_options(${target} PRIVATE -Wl,-z,relro,-z,now,-z,noexecstack)
  if(DSQL_BUILD_FUZZERS)
    # Without it libFuzzer sees the targets only and not the parsers they call.
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(DSQL_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${DSQL_SANITIZE}
      -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${DSQL_SANITIZE})
  endif()
endfunction()
