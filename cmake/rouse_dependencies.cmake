# Everything comes from the distribution; nothing is downloaded. The library needs liburing and libc.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(liburing REQUIRED IMPORTED_TARGET liburing>=2.3)

# llhttp comes as C sources (Debian: node-llhttp). Its objects become part of librouse_http.
find_path(ROUSE_LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp /usr/local/share/llhttp NO_DEFAULT_PATH)
find_path(ROUSE_LLHTTP_INCLUDE llhttp.h PATHS ${ROUSE_LLHTTP_SOURCES}
  /usr/share/include/llhttp /usr/include /usr/local/include)
if(ROUSE_LLHTTP_SOURCES AND ROUSE_LLHTTP_INCLUDE)
  add_library(rouse_llhttp OBJECT
    ${ROUSE_LLHTTP_SOURCES}/llhttp.c ${ROUSE_LLHTTP_SOURCES}/api.c ${ROUSE_LLHTTP_SOURCES}/http.c)
  target_include_directories(rouse_llhttp SYSTEM PUBLIC ${ROUSE_LLHTTP_INCLUDE})
  target_compile_options(rouse_llhttp PRIVATE -w)
endif()

# rouse/crypto is left out where this is missing.
find_package(OpenSSL 3 COMPONENTS Crypto)

if(ROUSE_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(ROUSE_BUILD_BENCHES)
  find_package(benchmark REQUIRED)
endif()
if(ROUSE_BUILD_TOOLS)
  find_package(CLI11 REQUIRED)
endif()
