# find_package(rpcnet) -> rpcnet::rpcnet. The archives of wolfSSL and ngtcp2 are installed next to
# ours (with our hooks compiled in they serve nobody else), their headers are not.
include(CMakePackageConfigHelpers)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/rpcnet")

add_library(rpcnet_all INTERFACE)
add_library(rpcnet::rpcnet ALIAS rpcnet_all)
set_target_properties(rpcnet_all PROPERTIES EXPORT_NAME rpcnet)
target_link_libraries(rpcnet_all INTERFACE rpcnet_io)
target_include_directories(rpcnet_all INTERFACE "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>")

install(TARGETS rpcnet_all rpcnet_io rpcnet_quic rpcnet_engine rpcnet_services
    rpcnet_services_messages protoc-gen-rpcnet EXPORT rpcnet
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
# What `cmake --install` needs, and no tests.
add_custom_target(installed DEPENDS rpcnet_io rpcnet_quic rpcnet_engine rpcnet_services
  rpcnet_services_messages protoc-gen-rpcnet)
install(EXPORT rpcnet NAMESPACE rpcnet:: DESTINATION "${package}" FILE rpcnet-targets.cmake)
foreach(module engine io services)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${module}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/rpcnet" FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY
    "${PROJECT_BINARY_DIR}/services/rpcnet_services_messages.generated/rpcnet/v1"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/rpcnet" FILES_MATCHING PATTERN "*.h")
foreach(archive ngtcp2 ngtcp2_crypto_wolfssl wolfssl)
  install(FILES "${RPCNET_DEPS}/lib/lib${archive}.a"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/rpcnet")
endforeach()
set(RPCNET_ARCHIVES "${CMAKE_INSTALL_LIBDIR}/rpcnet")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/rpcnet-config.cmake.in"
  "${PROJECT_BINARY_DIR}/rpcnet-config.cmake"
  INSTALL_DESTINATION "${package}" PATH_VARS RPCNET_ARCHIVES)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/rpcnet-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/RpcnetGenerate.cmake"
  "${PROJECT_BINARY_DIR}/rpcnet-config.cmake"
  "${PROJECT_BINARY_DIR}/rpcnet-config-version.cmake" DESTINATION "${package}")
