# Toolchain: the second compiler, g++ 12.
find_program(ROUSE_GXX NAMES g++-12 g++)
if(NOT ROUSE_GXX)
  message(FATAL_ERROR "g++ 12 is missing: run ./dev build, or: apt-get install g++")
endif()
set(CMAKE_CXX_COMPILER ${ROUSE_GXX})
string(REPLACE "g++" "gcc" CMAKE_C_COMPILER ${ROUSE_GXX})
