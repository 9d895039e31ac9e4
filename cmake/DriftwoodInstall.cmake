# Installs the library, its headers, the SDK for guests and the command. A program finds them by
# find_package(driftwood) or by pkg-config, and links driftwood::driftwood.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# All layers below the command line, lowest first, and the guests that are linked in.
get_property(layers GLOBAL PROPERTY DRIFTWOOD_LAYERS)
get_target_property(runtime_libraries driftwood_runtime LINK_LIBRARIES)
set(builtin_guests ${runtime_libraries})
list(FILTER builtin_guests INCLUDE REGEX "^driftwood_guest_")

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/driftwood)
set_target_properties(driftwood_runtime PROPERTIES EXPORT_NAME driftwood)
install(TARGETS ${layers} ${builtin_guests} EXPORT driftwood_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT driftwood_targets FILE driftwood-targets.cmake NAMESPACE driftwood:: DESTINATION ${package_folder})
install(FILES $<TARGET_PROPERTY:driftwood_crates,IMPORTED_LOCATION> DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS driftwood DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/driftwood DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/sdk/ DESTINATION ${CMAKE_INSTALL_DATADIR}/driftwood/sdk
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp" PATTERN "native_main.cpp" PATTERN "README.md")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/models/default DESTINATION ${CMAKE_INSTALL_DATADIR}/driftwood/models)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/driftwood-config.cmake.in
  ${CMAKE_BINARY_DIR}/driftwood-config.cmake INSTALL_DESTINATION ${package_folder}
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/driftwood-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/driftwood-config.cmake ${CMAKE_BINARY_DIR}/driftwood-config-version.cmake
  DESTINATION ${package_folder})

# A linker searches archives in the order of the command: who needs, then what is needed.
set(pkg_config_libraries ${layers})
list(REVERSE pkg_config_libraries)
list(APPEND pkg_config_libraries ${builtin_guests} driftwood_crates)
list(TRANSFORM pkg_config_libraries PREPEND -l)
list(JOIN pkg_config_libraries " " pkg_config_libraries)
file(RELATIVE_PATH pkg_config_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_SOURCE_DIR}/cmake/driftwood.pc.in ${CMAKE_BINARY_DIR}/driftwood.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/driftwood.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
