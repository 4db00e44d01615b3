# Compiler and linker settings that hold for every target of the project.
include(CheckLinkerFlag)
include(GNUInstallDirs)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/bin")

# LibTorch's classes have another layout without NDEBUG, so it is set in every configuration (see FindLibTorch.cmake).
add_compile_definitions(NDEBUG)
if(HASTEN_ASSERTIONS)
  add_compile_definitions(HASTEN_ASSERTIONS=1)
endif()
# No -march: the binary runs on any machine of the family; kernels choose at run time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")

# Specs and records leave fields at their defaults on purpose.
add_compile_options(-Wall -Wextra -Wno-missing-field-initializers)
set(werror ${HASTEN_WERROR})
if(werror STREQUAL "AUTO")
  set(werror OFF)
  if(PROJECT_IS_TOP_LEVEL AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12
     AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    set(werror ON)
  endif()
endif()
if(werror AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The optimizer's own warnings stay warnings: GCC 12 raises them falsely inside std::string and inlined library code.
  add_compile_options(-Werror -Wno-error=maybe-uninitialized -Wno-error=array-bounds -Wno-error=stringop-overflow
    -Wno-error=stringop-overread -Wno-error=restrict -Wno-error=free-nonheap-object -Wno-error=use-after-free)
elseif(werror)
  add_compile_options(-Werror)
endif()

if(HASTEN_SANITIZE)
  add_compile_options(-fsanitize=${HASTEN_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HASTEN_SANITIZE})
endif()
if(HASTEN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "HASTEN_FUZZ needs clang, which has libFuzzer: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)  # coverage of every layer, or the fuzzer sees only its own harness
endif()
if(HASTEN_TIDY)
  find_program(HASTEN_CLANG_TIDY clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY "${HASTEN_CLANG_TIDY}")
endif()

find_program(HASTEN_CCACHE ccache)
if(HASTEN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Of what it says to beware of with precompiled headers, nothing is used here: no __TIME__, no -D that headers read.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${HASTEN_CCACHE}")
endif()
# A faster linker when there is one.
foreach(linker IN ITEMS mold lld)
  check_linker_flag(CXX "-fuse-ld=${linker}" HASTEN_LINKER_${linker})
  if(HASTEN_LINKER_${linker})
    add_link_options("-fuse-ld=${linker}")
    break()
  endif()
endforeach()

# By hand, alike for build and install: CMake would also record every link folder. A LibTorch put beside the program
# ($ORIGIN/../lib) comes first.
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")
