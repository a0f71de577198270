# rouse_module(<name> [OPTIONAL] DEPENDS <modules...> [LINK <targets...>] [EMBED <object libraries...>]
#              [TEST_LINK <targets...>])
#
# One library per folder of rouse/: target rouse_<name>, alias Rouse::<name>. Found by name, at any depth:
#   *.hpp            public, installed    *.cpp         the library
#   internal/*.hpp   private              *_test.hpp, *_test.cpp   one GoogleTest program, <name>_test
# DEPENDS names modules below; they must exist already, so that a circle cannot be built.
# OPTIONAL: a component of its own, no part of Rouse::rouse nor of what rouse.pc links.
# LINK and EMBED are private: LINK for libraries of the system, EMBED for objects that go into our archive.
function(rouse_module name)
  cmake_parse_arguments(PARSE_ARGV 1 module "OPTIONAL" "" "DEPENDS;LINK;EMBED;TEST_LINK")
  if(module_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rouse_module(${name}): what is ${module_UNPARSED_ARGUMENTS}?")
  endif()
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS *.hpp)
  list(FILTER headers EXCLUDE REGEX "/internal/|_test\\.hpp$")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  set(target rouse_${name})
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(Rouse::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
  target_compile_features(${target} ${scope} cxx_std_23)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  target_link_libraries(${target} ${scope} Threads::Threads)
  foreach(below IN LISTS module_DEPENDS)
    if(TARGET rouse_${below})
      target_link_libraries(${target} ${scope} rouse_${below})
    else()
      message(STATUS "rouse_module(${name}): there is no module ${below} yet")
    endif()
  endforeach()
  if(ROUSE_FUZZABLE AND sources)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(module_LINK AND sources)
    target_link_libraries(${target} PRIVATE ${module_LINK})
  endif()
  if(NOT sources)
    set(module_EMBED "")
  endif()
  foreach(objects IN LISTS module_EMBED)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    target_include_directories(${target} SYSTEM PRIVATE
      $<TARGET_PROPERTY:${objects},INTERFACE_INCLUDE_DIRECTORIES>)
  endforeach()
  if(module_OPTIONAL)
    set_property(GLOBAL APPEND PROPERTY ROUSE_OPTIONAL_MODULES ${name})
  else()
    set_property(GLOBAL APPEND PROPERTY ROUSE_MODULES ${name})
  endif()

  if(ROUSE_BUILD_TESTS AND tests)
    rouse_test(${name} SOURCES ${tests} LINK ${target} ${module_LINK} ${module_TEST_LINK})
    foreach(objects IN LISTS module_EMBED)
      target_include_directories(${name}_test SYSTEM PRIVATE
        $<TARGET_PROPERTY:${objects},INTERFACE_INCLUDE_DIRECTORIES>)
    endforeach()
  endif()
endfunction()

# rouse_test(<name> SOURCES <files...> [LINK <targets...>])
# One GoogleTest program <name>_test; ctest knows each of its tests as <name>.<suite>.<test>, labelled <name>.
function(rouse_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SOURCES;LINK")
  add_executable(${name}_test ${test_SOURCES})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name}_test PRIVATE ${test_LINK} GTest::gmock GTest::gtest_main)
  # Tests are most of a build, and optimising them most of that: a third of the time under the sanitizers without.
  target_compile_options(${name}_test PRIVATE $<$<CONFIG:Debug>:-O0>)
  rouse_test_headers(${name}_test)
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${name})
endfunction()

# A program that does nothing: static, and without what libc does before main.
function(rouse_nothing name)
  add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/support/nothing.cpp)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fno-sanitize=all -fno-stack-protector)
  target_link_options(${name} PRIVATE -static -nostartfiles -fno-sanitize=all -Wno-unused-command-line-argument)
endfunction()

# What nearly every test includes is parsed once, by the first of them.
function(rouse_test_headers target)
  get_property(first GLOBAL PROPERTY ROUSE_TEST_HEADERS_FROM)
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
    return()
  endif()
  set_property(GLOBAL PROPERTY ROUSE_TEST_HEADERS_FROM ${target})
  target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h>
    <algorithm> <array> <atomic> <chrono> <memory> <mutex> <optional> <span> <stdexcept> <string> <thread> <vector>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # as ccache wants it
  endif()
endfunction()
