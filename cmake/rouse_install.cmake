# cmake --install, find_package(Rouse) and pkg-config: the libraries, their public headers and the command.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Rouse)

get_property(modules GLOBAL PROPERTY ROUSE_MODULES)
get_property(ROUSE_OPTIONAL_MODULES GLOBAL PROPERTY ROUSE_OPTIONAL_MODULES)
set(targets ${modules} ${ROUSE_OPTIONAL_MODULES})
list(TRANSFORM targets PREPEND rouse_)
install(TARGETS rouse ${targets} EXPORT RouseTargets FILE_SET HEADERS)
install(EXPORT RouseTargets NAMESPACE Rouse:: DESTINATION ${package_dir})
if(TARGET rouse_tool)
  install(TARGETS rouse_tool)
endif()

configure_file(cmake/RouseConfig.cmake.in RouseConfig.cmake @ONLY)
write_basic_package_version_file(RouseConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/RouseConfig.cmake ${PROJECT_BINARY_DIR}/RouseConfigVersion.cmake
  DESTINATION ${package_dir})

# Static archives: what uses comes before what is used.
set(ROUSE_PC_LIBS "")
foreach(module IN LISTS modules)
  get_target_property(type rouse_${module} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    string(PREPEND ROUSE_PC_LIBS "-lrouse_${module} ")
  endif()
endforeach()
file(RELATIVE_PATH ROUSE_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/rouse.pc.in rouse.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/rouse.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET rouse_crypto)
  configure_file(cmake/rouse-crypto.pc.in rouse-crypto.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/rouse-crypto.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
