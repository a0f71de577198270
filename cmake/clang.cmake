# Toolchain: the reference compiler, clang 19 or newer, found by name.
find_program(ROUSE_CLANGXX NAMES clang++-19 clang++-20 clang++-21 clang++)
if(NOT ROUSE_CLANGXX)
  message(FATAL_ERROR "clang 19 is missing: run ./dev build, or: apt-get install clang-19")
endif()
execute_process(COMMAND ${ROUSE_CLANGXX} -dumpversion OUTPUT_VARIABLE rouse_clang_version
  OUTPUT_STRIP_TRAILING_WHITESPACE)
if(rouse_clang_version VERSION_LESS 19)
  message(FATAL_ERROR
    "${ROUSE_CLANGXX} is version ${rouse_clang_version}, but 19 is needed: apt-get install clang-19")
endif()
set(CMAKE_CXX_COMPILER ${ROUSE_CLANGXX})
string(REPLACE "clang++" "clang" CMAKE_C_COMPILER ${ROUSE_CLANGXX})
