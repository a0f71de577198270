# cmake --install, find_package(Rouse) and pkg-config.
include(CMakePackageConfigHelpers)
