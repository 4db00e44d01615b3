# hasten_precompiled(TARGET KIND): headers of others that most sources want are parsed once for all targets of a kind,
# which halves the time of a source that sees LibTorch. KIND: torch, or torch_test with GoogleTest beside it.
# None of our own headers is among them, so that an edit compiles what includes it and nothing else.

set(hasten_precompiled_torch <ATen/core/Tensor.h> <ATen/ops/empty.h> <nlohmann/json.hpp> <algorithm> <cmath> <filesystem>
  <functional> <map> <memory> <optional> <set> <string> <vector>)
set(hasten_precompiled_torch_test ${hasten_precompiled_torch} <gmock/gmock.h> <gtest/gtest.h>)

function(hasten_precompiled target kind)
  if(NOT HASTEN_PCH OR NOT HASTEN_TORCH)
    return()
  endif()
  set(owner hasten_precompiled_${kind})
  if(NOT TARGET ${owner})
    set(source "${PROJECT_BINARY_DIR}/generated/${owner}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "// Has headers to precompile.\n")
    add_library(${owner} OBJECT "${source}")
    target_compile_features(${owner} PRIVATE cxx_std_20)
    target_link_libraries(${owner} PRIVATE LibTorch::LibTorch nlohmann_json::nlohmann_json)
    if(kind STREQUAL "torch_test")
      target_link_libraries(${owner} PRIVATE GTest::gmock GTest::gtest)
      # Programs are compiled with -fPIE, and GCC leaves a header aside that was made with -fPIC.
      set_target_properties(${owner} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
      target_compile_options(${owner} PRIVATE -fPIE)
    endif()
    target_precompile_headers(${owner} PRIVATE ${hasten_precompiled_${kind}})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()
