# The libraries hasten links, for the project and for its installed package. docs/dependencies.md says why each is here.
# Wants HASTEN_TORCH; gives LibTorch::LibTorch when that is on.
include("${CMAKE_CURRENT_LIST_DIR}/LibTorchSearch.cmake")

# LibTorch's include folder carries protobuf and fmt of other versions: they must not be found there, even when
# CMAKE_PREFIX_PATH names that folder.
if(HASTEN_TORCH)
  hasten_search_libtorch("${PROJECT_SOURCE_DIR}" LibTorch)
  set(CMAKE_IGNORE_PREFIX_PATH "${LibTorch_PREFIX}")
endif()
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(Boost CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Protobuf REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(jpeg REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(spng REQUIRED IMPORTED_TARGET spng)
pkg_check_modules(webp REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(uring REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(crypto REQUIRED IMPORTED_TARGET libcrypto)
unset(CMAKE_IGNORE_PREFIX_PATH)

if(HASTEN_TORCH)
  list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
  find_package(LibTorch REQUIRED)
  list(POP_FRONT CMAKE_MODULE_PATH)
endif()
