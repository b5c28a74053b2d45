# Install rules. What a program that uses the library sees, whichever way it looks:
#
#   find_package(dynakeep REQUIRED)  target_link_libraries(app dynakeep::dynakeep)
#   pkg-config --cflags --libs dynakeep
#
# One static library of all layers, the public headers, the program. Third parties are linked as the
# shared libraries of the distribution; none of their headers is needed by the public ones.

include(CMakePackageConfigHelpers)

get_property(layers GLOBAL PROPERTY DYNAKEEP_LAYERS)
list(TRANSFORM layers REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)

add_library(dynakeep_package STATIC ${objects})
set_target_properties(dynakeep_package PROPERTIES
  LINKER_LANGUAGE CXX OUTPUT_NAME dynakeep EXPORT_NAME dynakeep)
target_compile_features(dynakeep_package INTERFACE cxx_std_20)
target_include_directories(dynakeep_package INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# Keep in step: find_dependency() in dynakeepConfig.cmake.in and Libs in dynakeep.pc.in.
target_link_libraries(dynakeep_package INTERFACE
  RocksDB::rocksdb-shared simdjson::simdjson OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB zstd deflate re2 Threads::Threads)
if(DYNAKEEP_SANITIZE)
  target_link_options(dynakeep_package INTERFACE -fsanitize=${DYNAKEEP_SANITIZE})
endif()

set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/dynakeep)
install(TARGETS dynakeep_package EXPORT dynakeepTargets)
install(TARGETS dynakeep)
install(DIRECTORY include/dynakeep DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(EXPORT dynakeepTargets NAMESPACE dynakeep:: DESTINATION ${config_folder})

configure_package_config_file(cmake/dynakeepConfig.cmake.in ${PROJECT_BINARY_DIR}/dynakeepConfig.cmake
                              INSTALL_DESTINATION ${config_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dynakeepConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dynakeepConfig.cmake
              ${PROJECT_BINARY_DIR}/dynakeepConfigVersion.cmake
        DESTINATION ${config_folder})

# The .pc file finds its prefix from where it lies, so an installed tree may be moved.
file(RELATIVE_PATH DYNAKEEP_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
if(DYNAKEEP_SANITIZE)
  set(DYNAKEEP_PC_EXTRA " -fsanitize=${DYNAKEEP_SANITIZE}")
endif()
configure_file(cmake/dynakeep.pc.in ${PROJECT_BINARY_DIR}/dynakeep.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/dynakeep.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})
