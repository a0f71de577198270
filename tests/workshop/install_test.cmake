# Installs the build into a scratch prefix, moves that prefix (nothing may remember the old place), and builds the
# consumer against it: with CMake and with pkg-config, each with clang and with g++.
#   cmake -DBUILD=<build dir> -DSOURCE=<this folder> -DSCRATCH=<dir> -DEXPECT=<output> -P install_test.cmake
file(REMOVE_RECURSE ${SCRATCH})

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    string(REPLACE ";" " " command "${ARGV}")
    message(FATAL_ERROR "failed (${status}): ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(check_output what)
  string(STRIP "${output}" output)
  if(NOT output STREQUAL EXPECT)
    message(FATAL_ERROR "${what}: expected '${EXPECT}', got '${output}'")
  endif()
  message(STATUS "${what}: good")
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/first)
file(RENAME ${SCRATCH}/first ${SCRATCH}/prefix)

file(GLOB_RECURSE private RELATIVE ${SCRATCH}/prefix ${SCRATCH}/prefix/include/*internal* ${SCRATCH}/prefix/include/*_test*)
if(private)
  message(FATAL_ERROR "installed, but not for users: ${private}")
endif()

file(GLOB pc ${SCRATCH}/prefix/*/pkgconfig/rouse.pc ${SCRATCH}/prefix/*/*/pkgconfig/rouse.pc)
cmake_path(GET pc PARENT_PATH pc_dir)
set(ENV{PKG_CONFIG_PATH} ${pc_dir})
run(pkg-config --cflags --libs rouse)
separate_arguments(flags UNIX_COMMAND "${output}")
set(has_crypto FALSE)  # an optional component
if(EXISTS ${pc_dir}/rouse-crypto.pc)
  set(has_crypto TRUE)
  run(pkg-config --cflags --libs rouse-crypto)
  separate_arguments(crypto_flags UNIX_COMMAND "${output}")
endif()

foreach(name clang++-19 g++)
  find_program(compiler NAMES ${name} NO_CACHE)
  if(NOT compiler)
    message(FATAL_ERROR "${name} is missing: run ./dev test, which installs it")
  endif()
  run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE}/consumer -B ${SCRATCH}/${name} -DCMAKE_CXX_COMPILER=${compiler}
    -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix)
  run(${CMAKE_COMMAND} --build ${SCRATCH}/${name})
  run(${SCRATCH}/${name}/consumer)
  check_output("find_package with ${name}")

  run(${compiler} -std=c++23 ${SOURCE}/consumer/main.cpp -o ${SCRATCH}/${name}/by_pkg_config ${flags})
  run(${SCRATCH}/${name}/by_pkg_config)
  check_output("pkg-config with ${name}")

  # Some warnings come only from what an optimiser has inlined into the user's code.
  run(${compiler} -std=c++23 -O2 -Wall -Wextra -Werror ${SOURCE}/consumer/callbacks.cpp -o ${SCRATCH}/${name}/callbacks
    ${flags})
  run(${SCRATCH}/${name}/callbacks)
  check_output("optimised, without a warning, with ${name}")

  if(has_crypto)
    run(${SCRATCH}/${name}/with_crypto)
    check_output("find_package of crypto with ${name}")
    run(${compiler} -std=c++23 ${SOURCE}/consumer/with_crypto.cpp -o ${SCRATCH}/${name}/crypto_by_pkg_config ${crypto_flags})
    run(${SCRATCH}/${name}/crypto_by_pkg_config)
    check_output("pkg-config of crypto with ${name}")
  endif()
  unset(compiler)
endforeach()
