# hasten_layer(): one folder of hasten/ becomes a static library and a test program.

set(HASTEN_UNITY_BATCH 8)

# Several sources as one in unity builds: LibTorch's headers are then parsed once for a batch. For layers only: their
# sources are written together, methods and tests by people who need not know of each other's helpers.
function(hasten_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${HASTEN_UNITY} UNITY_BUILD_BATCH_SIZE ${HASTEN_UNITY_BATCH})
endfunction()

# Registers the cases of a GoogleTest program by label: gpu when the name says Gpu, slow when it says Slow, else unit.
function(hasten_discover_tests target)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST TEST_FILTER "-*Slow*:*Gpu*"
    PROPERTIES LABELS unit TIMEOUT 120)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST TEST_FILTER "*Slow*-*Gpu*"
    PROPERTIES LABELS slow TIMEOUT 1200)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST TEST_FILTER "*Gpu*"
    PROPERTIES LABELS gpu TIMEOUT 1200)
endfunction()

# A GoogleTest program; its sources stay apart, so that their helpers may share names. hasten_test(NAME SOURCES ... LIBS ...)
function(hasten_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  if(NOT HASTEN_TESTS OR NOT arg_SOURCES)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gmock GTest::gtest_main)
  hasten_discover_tests(${name})
endfunction()

# hasten_layer(NAME [TORCH] [EXCLUDE <regex of relative path>...] [DEPS <layer>...] [PUBLIC_LIBS ...] [PRIVATE_LIBS ...])
# Sources are *.cpp here and one folder below, *_test.cpp apart. A layer that is still empty is skipped, and so are
# dependencies that are: layers grow one after the other.
function(hasten_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TORCH" "" "EXCLUDE;DEPS;PUBLIC_LIBS;PRIVATE_LIBS")
  set(here "${CMAKE_CURRENT_SOURCE_DIR}")
  file(GLOB sources CONFIGURE_DEPENDS RELATIVE "${here}" "${here}/*.cpp" "${here}/*/*.cpp")
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${here}" "${here}/*.h" "${here}/*/*.h")
  foreach(pattern IN LISTS arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${pattern}")
    list(FILTER headers EXCLUDE REGEX "${pattern}")
  endforeach()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources AND NOT headers)
    return()
  endif()
  if(arg_TORCH AND NOT HASTEN_TORCH)
    return()
  endif()

  set(target hasten_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(public PUBLIC)
    set(private PRIVATE)
    hasten_unity(${target})
  else()
    add_library(${target} INTERFACE)
    set(public INTERFACE)
    set(private INTERFACE)
  endif()
  add_library(hasten::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(${target} ${public} "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_compile_features(${target} ${public} cxx_std_20)
  foreach(dep IN LISTS arg_DEPS)
    if(TARGET hasten_${dep})
      target_link_libraries(${target} ${public} hasten_${dep})
    endif()
  endforeach()
  if(arg_TORCH)
    target_link_libraries(${target} ${public} LibTorch::LibTorch)
  endif()
  target_link_libraries(${target} ${public} ${arg_PUBLIC_LIBS})
  target_link_libraries(${target} ${private} ${arg_PRIVATE_LIBS})
  set_property(GLOBAL APPEND PROPERTY HASTEN_INSTALLED ${target})
  hasten_test(${name}_test SOURCES ${tests} LIBS ${target} ${arg_PRIVATE_LIBS})
endfunction()

if(HASTEN_TESTS)
  include(GoogleTest)
endif()
