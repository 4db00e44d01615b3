# Installs the program, the libraries, the headers, and a package for find_package(hasten).
include(CMakePackageConfigHelpers)

get_property(targets GLOBAL PROPERTY HASTEN_INSTALLED)
if(NOT targets)
  return()
endif()
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/hasten")
install(TARGETS ${targets} EXPORT hastenTargets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/hasten" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(EXPORT hastenTargets NAMESPACE hasten:: DESTINATION "${package_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/hastenConfig.cmake.in" "${PROJECT_BINARY_DIR}/hastenConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/hastenConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
set(modules HastenLibraries FindLibTorch LibTorchSearch LibTorchCheck)
list(TRANSFORM modules REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/cmake/\\1.cmake")
install(FILES "${PROJECT_BINARY_DIR}/hastenConfig.cmake" "${PROJECT_BINARY_DIR}/hastenConfigVersion.cmake" ${modules}
  DESTINATION "${package_dir}")
if(EXISTS "${PROJECT_SOURCE_DIR}/recipes")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/recipes" DESTINATION "${CMAKE_INSTALL_DATADIR}/hasten")
endif()
