# rpcnet_generate(TARGET name PROTOS file... [IMPORT_DIRS dir...])
#
# Turns .proto files into C++: messages by protoc, clients and services by protoc-gen-rpcnet. If
# there is a target of that name, the code becomes part of it; else a static library of that name is
# made. Whoever links it may write  #include "greeter.rpcnet.h"  for greeter.proto.
#
# IMPORT_DIRS are where imports are looked for, and what the names of files in #include are relative
# to; the current source directory unless given. Each of PROTOS must be below one of them.
function(rpcnet_generate)
  cmake_parse_arguments(arg "" "TARGET" "PROTOS;IMPORT_DIRS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rpcnet_generate does not know \"${arg_UNPARSED_ARGUMENTS}\"; it takes "
      "TARGET name PROTOS file... [IMPORT_DIRS dir...]")
  endif()
  if(NOT arg_TARGET OR NOT arg_PROTOS)
    message(FATAL_ERROR "rpcnet_generate needs both TARGET and PROTOS")
  endif()
  if(NOT TARGET protobuf::protoc)
    find_package(Protobuf REQUIRED)
  endif()
  if(NOT arg_IMPORT_DIRS)
    set(arg_IMPORT_DIRS "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  set(roots)
  set(imports)
  foreach(directory IN LISTS arg_IMPORT_DIRS)
    cmake_path(ABSOLUTE_PATH directory NORMALIZE)
    list(APPEND roots "${directory}")
    list(APPEND imports "-I${directory}")
  endforeach()
  set(protos)
  foreach(proto IN LISTS arg_PROTOS)
    cmake_path(ABSOLUTE_PATH proto NORMALIZE)
    if(NOT EXISTS "${proto}")
      message(FATAL_ERROR "rpcnet_generate: there is no file ${proto}")
    endif()
    list(APPEND protos "${proto}")
  endforeach()

  set(out "${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}.generated")
  file(MAKE_DIRECTORY "${out}")
  set(sources)
  foreach(proto IN LISTS protos)
    unset(name)
    foreach(root IN LISTS roots)
      cmake_path(IS_PREFIX root "${proto}" NORMALIZE below)
      if(below)
        cmake_path(RELATIVE_PATH proto BASE_DIRECTORY "${root}" OUTPUT_VARIABLE name)
        break()
      endif()
    endforeach()
    if(NOT DEFINED name)
      message(FATAL_ERROR "rpcnet_generate: ${proto} is below none of IMPORT_DIRS: ${roots}")
    endif()
    string(REGEX REPLACE "\\.proto$" "" stem "${out}/${name}")
    set(made "${stem}.pb.cc" "${stem}.rpcnet.cc")
    # All protos of the call, since one may import another.
    add_custom_command(
      OUTPUT ${made} "${stem}.pb.h" "${stem}.rpcnet.h"
      COMMAND protobuf::protoc "--plugin=protoc-gen-rpcnet=$<TARGET_FILE:rpcnet::protoc-gen-rpcnet>"
        "--cpp_out=${out}" "--rpcnet_out=${out}" ${imports} "${proto}"
      DEPENDS ${protos} rpcnet::protoc-gen-rpcnet
      COMMENT "Generating ${name} for RpcNet" VERBATIM)
    list(APPEND sources ${made})
  endforeach()

  if(NOT TARGET ${arg_TARGET})
    add_library(${arg_TARGET} STATIC)
  endif()
  target_sources(${arg_TARGET} PRIVATE ${sources})
  get_target_property(type ${arg_TARGET} TYPE)
  set(scope PUBLIC)
  if(type STREQUAL "EXECUTABLE")
    set(scope PRIVATE)
  endif()
  target_compile_features(${arg_TARGET} ${scope} cxx_std_20)
  # SYSTEM: generated code is not held to the warnings of whoever uses it.
  target_include_directories(${arg_TARGET} SYSTEM ${scope} "$<BUILD_INTERFACE:${out}>")
  target_link_libraries(${arg_TARGET} ${scope} rpcnet::rpcnet protobuf::libprotobuf)
endfunction()
