# Detects a mixed LibTorch: headers from one place, libraries from another, which compiles and then crashes.

# Compiles, links and runs a line as the project would, with the user's own flags and environment; stops on a mixture.
# Done once for a LibTorch, a compiler and a set of flags.
function(hasten_check_libtorch prefix version include_dirs)
  file(TIMESTAMP "${prefix}/lib/libtorch_cpu.so" time)
  set(key "${prefix}|${time}|${CMAKE_CXX_COMPILER}|${CMAKE_CXX_FLAGS}|$ENV{CPATH}|$ENV{CPLUS_INCLUDE_PATH}|$ENV{LD_LIBRARY_PATH}")
  if(CMAKE_CROSSCOMPILING OR HASTEN_LIBTORCH_CHECKED STREQUAL key)
    return()
  endif()
  set(dir "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/libtorch-check")
  file(WRITE "${dir}/check.cpp" [[
#include <dlfcn.h>
#include <cstdio>
#include <string>
#include <torch/version.h>
namespace at { std::string show_config(); }
int main() {
  std::string built = at::show_config();
  Dl_info where{};
  dladdr(reinterpret_cast<void*>(&at::show_config), &where);
  auto at = built.find("TORCH_VERSION=");
  std::printf("%s|%s|%s", TORCH_VERSION, built.substr(at + 14, built.find(',', at) - at - 14).c_str(), where.dli_fname);
}
]])
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
  list(TRANSFORM include_dirs PREPEND "-isystem")
  set(compile "${CMAKE_CXX_COMPILER}" ${flags} ${include_dirs})
  execute_process(COMMAND ${compile} -M "${dir}/check.cpp" OUTPUT_VARIABLE headers ERROR_VARIABLE error RESULT_VARIABLE failed)
  if(NOT failed)
    execute_process(
      COMMAND ${compile} -fPIE "${dir}/check.cpp" -o "${dir}/check" "-Wl,-rpath,${prefix}/lib" "${prefix}/lib/libtorch_cpu.so"
              "${prefix}/lib/libc10.so" -ldl
      ERROR_VARIABLE error RESULT_VARIABLE failed)
  endif()
  if(NOT failed)
    execute_process(COMMAND "${dir}/check" OUTPUT_VARIABLE seen ERROR_VARIABLE error RESULT_VARIABLE failed)
  endif()
  if(failed)
    message(FATAL_ERROR "LibTorch ${version} in ${prefix} cannot be compiled, linked and run with this compiler:\n${error}")
  endif()

  string(REGEX MATCH "[^ \n\\]*/torch/version\\.h" header "${headers}")
  get_filename_component(header "${header}" REALPATH)
  string(REPLACE "|" ";" seen "${seen}")
  list(GET seen 0 header_version)
  list(GET seen 1 library_version)
  list(GET seen 2 library)
  get_filename_component(library "${library}" REALPATH)
  # Compared as real files, because a LibTorch may be a folder of links.
  get_filename_component(own_library "${prefix}/lib/libtorch_cpu.so" REALPATH)
  set(own_headers "")
  foreach(dir IN ITEMS include include/torch/csrc/api/include)
    get_filename_component(file "${prefix}/${dir}/torch/version.h" REALPATH)
    list(APPEND own_headers "${file}")
  endforeach()
  if(NOT header IN_LIST own_headers OR NOT library STREQUAL own_library OR NOT header_version STREQUAL library_version)
    message(FATAL_ERROR "mixed LibTorch: wanted all of it from ${prefix}, but\n  headers   ${header_version}  ${header}\n"
      "  library   ${library_version}  ${library}\n"
      "Look for another LibTorch in CPATH, CPLUS_INCLUDE_PATH, LD_LIBRARY_PATH or CMAKE_CXX_FLAGS (-I), and take it out.")
  endif()
  set(HASTEN_LIBTORCH_CHECKED "${key}" CACHE INTERNAL "LibTorch that was found to be of one piece")
  message(STATUS "LibTorch ${library_version} in ${prefix}")
endfunction()
