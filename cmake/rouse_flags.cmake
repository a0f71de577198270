# Compiler flags for our own targets. Nothing here reaches the users of the library, who choose their own.
include(CheckCXXCompilerFlag)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()
set(THREADS_PREFER_PTHREAD_FLAG ON)

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
  endif()
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
  set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
  # Reports of sanitizers need lines only; the rest of -g is a fifth of the build's time.
  if(ROUSE_SANITIZE OR CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(debug_info -g1)
  else()
    set(debug_info -g)
  endif()
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 ${debug_info}")
  set(CMAKE_C_FLAGS_DEBUG "-O1 ${debug_info}")
  find_program(ROUSE_CCACHE ccache)
  if(ROUSE_CCACHE)
    # Else ccache lets everything pass that uses a precompiled header.
    set(launcher env CCACHE_SLOPPINESS=pch_defines,time_macros ${ROUSE_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  endif()
endif()

set(is_clang $<CXX_COMPILER_ID:Clang,AppleClang>)
set(is_gcc $<CXX_COMPILER_ID:GNU>)
set(is_cxx $<COMPILE_LANGUAGE:CXX>)

# Warnings: for our C++ only, llhttp's C is not ours to mend.
set(ROUSE_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Woverloaded-virtual -Wcast-qual
  -Wno-missing-field-initializers   # designated initialisers leave fields to their defaults on purpose
  -Wno-sign-conversion)             # sizes and offsets of system calls; -Wconversion still sees narrowing
set(ROUSE_CLANG_WARNINGS -Wthread-safety -Wimplicit-fallthrough -Wunreachable-code-return)
# g++ 12 reports the first two wrongly inside coroutine frames and inlined optionals, the third for every `if` over
# an EXPECT of GoogleTest.
set(ROUSE_GCC_WARNINGS -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-dangling-else)
add_compile_options(
  "$<${is_cxx}:${ROUSE_WARNINGS}>"
  "$<$<AND:${is_cxx},${is_clang}>:${ROUSE_CLANG_WARNINGS}>"
  "$<$<AND:${is_cxx},${is_gcc}>:${ROUSE_GCC_WARNINGS}>")
if(ROUSE_WERROR)
  add_compile_options($<${is_cxx}:-Werror>)
endif()

# g++ makes symmetric transfer a tail call only with this flag, and never under its sanitizers.
add_compile_options($<$<AND:${is_cxx},${is_gcc}>:-foptimize-sibling-calls>)

add_compile_definitions($<${is_cxx}:_GLIBCXX_ASSERTIONS>)
if(ROUSE_SANITIZE)
  add_compile_options(-fsanitize=${ROUSE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ROUSE_SANITIZE})
  # Fuzzers are led by what they reach in the library, which is therefore instrumented for them.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND ROUSE_SANITIZE MATCHES "address")
    set(ROUSE_FUZZABLE ON)
  endif()
elseif(CMAKE_BUILD_TYPE MATCHES "^Rel")
  include(rouse_hardening)
endif()

# lld links several times faster; clang brings its own.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_REQUIRED_LINK_OPTIONS -fuse-ld=lld)
  check_cxx_compiler_flag(-fuse-ld=lld ROUSE_HAS_LLD)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  if(ROUSE_HAS_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()
