# Writes OUTPUT, which gives recordings (engine/recording.h) the hash of the engine's sources below
# SOURCE_DIR: another engine may do something else with the same inputs.
cmake_minimum_required(VERSION 3.25)
file(GLOB_RECURSE sources RELATIVE "${SOURCE_DIR}" "${SOURCE_DIR}/*.h" "${SOURCE_DIR}/*.cc")
list(SORT sources)
set(hashes "")
foreach(source IN LISTS sources)
  file(SHA256 "${SOURCE_DIR}/${source}" hash)
  string(APPEND hashes "${source} ${hash}\n")
endforeach()
string(SHA256 whole "${hashes}")
string(SUBSTRING "${whole}" 0 16 short)
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT
"#include \"engine/recording.h\"

namespace rpcnet::recording {
std::string_view engine_build() { return \"@short@\"; }
}  // namespace rpcnet::recording
")
