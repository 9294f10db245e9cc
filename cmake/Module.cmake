# rpcnet_module(NAME [EXCLUDE REGEX] [LINKS ...]) makes a static library of every .cc file below the
# current directory, or an interface library while there is none. rpcnet_compile_options(TARGET)
# gives a target the project's flags.
function(rpcnet_compile_options target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    # A designated initializer names what it sets; the rest has its default, and that is the point.
    -Wno-missing-field-initializers
    $<$<BOOL:${RPCNET_WERROR}>:-Werror>
    # One result on every machine: g++ would fuse, clang would not.
    -ffp-contract=off)
  if(RPCNET_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${RPCNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${RPCNET_SANITIZE})
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # g++ 12 raises false alarms: about strings (GCC bug 105651), and about fences in Asio's headers
    # that the thread sanitizer does not see.
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-tsan)
    if(RPCNET_SANITIZE)
      # What the sanitizers insert hides from g++ that something is always set (its manual says so).
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
  else()
    # libstdc++ 12 deprecates what its own stable_sort uses, and clang blames whoever calls that.
    target_compile_options(${target} PRIVATE -Wno-deprecated-declarations)
  endif()
endfunction()

function(rpcnet_module name)
  cmake_parse_arguments(module "" "EXCLUDE" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  if(module_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${module_EXCLUDE}")
  endif()
  if(sources)
    set(scope PUBLIC)
    add_library(${name} STATIC ${sources})
    rpcnet_compile_options(${name})
  else()
    set(scope INTERFACE)
    add_library(${name} INTERFACE)
  endif()
  target_compile_features(${name} ${scope} cxx_std_20)
  target_include_directories(${name} ${scope}
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/rpcnet>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${name} ${scope} ${module_LINKS})
endfunction()

# The functions of io/quic/tls_hooks.h are called by wolfSSL, whose archive comes after ours on the
# link line, when the linker has passed by the object that defines them. Asking for the symbols at
# the start makes it take that object from TARGET's archive.
function(rpcnet_provides_tls_hooks target)
  target_link_options(${target} INTERFACE
    "LINKER:-u,rpcnet_tls_random" "LINKER:-u,rpcnet_tls_time_ms" "LINKER:-u,wc_GenerateSeed")
endfunction()
