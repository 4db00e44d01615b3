# Included by ctest for each test program (`program`, `prefix`): registers its cases. Those of a suite run in one process, since to
# load LibTorch takes longer than most cases do; what is Slow or needs a Gpu by name is a test of its own. A suite with cases that
# were skipped says so (tests/test_main.cpp). What was found is kept beside the program until that is built anew.

function(hasten_register program prefix out)
  execute_process(COMMAND "${program}" --gtest_list_tests OUTPUT_VARIABLE listed ERROR_VARIABLE error RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${program} --gtest_list_tests: ${code}\n${error}")
  endif()
  string(REGEX REPLACE "[ \t]*#[^\n]*" "" listed "${listed}")
  string(REPLACE ";" "" listed "${listed}")
  string(REPLACE "\n" ";" lines "${listed}")
  set(text "")
  foreach(line IN LISTS lines)
    if(line MATCHES "^[^ ].*\\.$")
      string(REGEX REPLACE "\\.$" "" suite "${line}")
    elseif(line MATCHES "^  ([^ ]+)$")
      set(test "${suite}.${CMAKE_MATCH_1}")
      if(test MATCHES "Gpu")
        string(APPEND text "add_test([==[${prefix}.${test}]==] [==[${program}]==] [==[--gtest_filter=${test}]==])\n"
          "set_tests_properties([==[${prefix}.${test}]==] PROPERTIES LABELS gpu TIMEOUT 1200 SKIP_RETURN_CODE 77)\n")
      elseif(test MATCHES "Slow")
        string(APPEND text "add_test([==[${prefix}.${test}]==] [==[${program}]==] [==[--gtest_filter=${test}]==])\n"
          "set_tests_properties([==[${prefix}.${test}]==] PROPERTIES LABELS slow TIMEOUT 1200 SKIP_RETURN_CODE 77)\n")
      elseif(NOT suite STREQUAL "${registered}")
        set(registered "${suite}")
        string(APPEND text "add_test([==[${prefix}.${suite}]==] [==[${program}]==] [==[--gtest_filter=${suite}.*-*Slow*:*Gpu*]==])\n"
          "set_tests_properties([==[${prefix}.${suite}]==] PROPERTIES LABELS unit TIMEOUT 300 SKIP_RETURN_CODE 77)\n")
      endif()
    endif()
  endforeach()
  file(WRITE "${out}" "${text}")
endfunction()

if(NOT EXISTS "${program}")
  add_test("${prefix}_NOT_BUILT" "${program}")
else()
  if("${program}" IS_NEWER_THAN "${program}.suites.cmake" OR "${CMAKE_CURRENT_LIST_FILE}" IS_NEWER_THAN "${program}.suites.cmake")
    hasten_register("${program}" "${prefix}" "${program}.suites.cmake")
  endif()
  include("${program}.suites.cmake")
endif()
