# Finds what the modules link. wolfSSL and ngtcp2 come from the prefix that scripts/bootstrap built,
# everything else from the system.
if(NOT RPCNET_DEPS)
  execute_process(
    COMMAND "${PROJECT_SOURCE_DIR}/scripts/bootstrap" --print-prefix
    OUTPUT_VARIABLE rpcnet_deps OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET RESULT_VARIABLE rpcnet_deps_status)
  if(NOT rpcnet_deps_status EQUAL 0)
    message(FATAL_ERROR
      "wolfSSL and ngtcp2 are not built yet. Run scripts/bootstrap first (about one minute), or "
      "give a prefix that has both with -DRPCNET_DEPS=DIR.")
  endif()
  set(RPCNET_DEPS "${rpcnet_deps}" CACHE PATH "Prefix of wolfSSL and ngtcp2")
endif()
foreach(archive ngtcp2 ngtcp2_crypto_wolfssl wolfssl)
  if(NOT EXISTS "${RPCNET_DEPS}/lib/lib${archive}.a")
    message(FATAL_ERROR
      "RPCNET_DEPS is ${RPCNET_DEPS}, which has no lib/lib${archive}.a. Run scripts/bootstrap and "
      "configure again with -URPCNET_DEPS.")
  endif()
endforeach()

find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(ZLIB REQUIRED)
find_path(RPCNET_ASIO_INCLUDE asio.hpp REQUIRED)

# Archive order matters to the linker: the helper uses both others.
foreach(archive wolfssl ngtcp2 ngtcp2_crypto_wolfssl)
  add_library(rpcnet_deps::${archive} STATIC IMPORTED GLOBAL)
  set_target_properties(rpcnet_deps::${archive} PROPERTIES
    IMPORTED_LOCATION "${RPCNET_DEPS}/lib/lib${archive}.a"
    INTERFACE_INCLUDE_DIRECTORIES "${RPCNET_DEPS}/include")
endforeach()
target_link_libraries(rpcnet_deps::wolfssl INTERFACE m Threads::Threads)
# Its headers must see the options that the archive was built with, also where nobody thinks of it:
# without them some structs have another size.
target_compile_options(rpcnet_deps::wolfssl INTERFACE
  "$<$<COMPILE_LANGUAGE:C,CXX>:SHELL:-include wolfssl/options.h>")
target_link_libraries(rpcnet_deps::ngtcp2_crypto_wolfssl
  INTERFACE rpcnet_deps::ngtcp2 rpcnet_deps::wolfssl)

find_program(RPCNET_CCACHE ccache)
if(RPCNET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(launcher "${RPCNET_CCACHE}")
  if(CMAKE_BUILD_TYPE STREQUAL Release)
    # Paths inside the checkout count as relative, so that a second clone finds what the first one
    # compiled. Not where debug information names the files.
    set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      "${RPCNET_CCACHE}")
  endif()
  set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
endif()
