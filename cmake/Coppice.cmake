# How this project declares a library, a program and a test.
#
#   coppice_library(core SOURCES study.cpp … LINKS …)      target coppice_core, rooted at src/
#   coppice_test(core SOURCES … LINKS … [LABELS …])        one GoogleTest program, one CTest entry per case
#   coppice_mpi_test(name RANKS 1 2 4 SOURCES … LINKS …)   the rank counts are part of the test's declaration
#   coppice_stories(crash.torn FILE … TIMEOUT …)           one Python program, one CTest entry per story

add_library(coppice_options INTERFACE)
target_compile_options(coppice_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wnull-dereference $<$<BOOL:${COPPICE_WERROR}>:-Werror>)
# A fused multiply-add changes the last bit: without this, machines would disagree on what a study finds.
target_compile_options(coppice_options INTERFACE -ffp-contract=off)
# g++ 12 reports false positives for these in its own and in Eigen's headers when it optimises.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(coppice_options INTERFACE -Wno-maybe-uninitialized -Wno-null-dereference
    -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-alloc-size-larger-than)
endif()
if(COPPICE_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(COPPICE_SANITIZED)
endif()
if(COPPICE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "COPPICE_FUZZ needs clang++: it has libFuzzer")
  endif()
endif()

function(coppice_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(coppice_${name} STATIC ${ARG_SOURCES})
  target_include_directories(coppice_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(coppice_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS} coppice_options)
  if(COPPICE_FUZZ) # the fuzzer looks for new ways through the libraries, not through the tests
    target_compile_options(coppice_${name} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

function(coppice_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(COPPICE_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 4")
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LINKS} GTest::gtest_main GTest::gmock coppice_options)
  # Most of a build's time would go into optimising the tests themselves, and into the same headers and templates once for
  # each. But Eigen's templates are unbearably slow unless they are optimised.
  if(NOT Eigen3::Eigen IN_LIST ARG_LINKS)
    target_compile_options(${name}_test PRIVATE -O0)
  endif()
  set_target_properties(${name}_test PROPERTIES UNITY_BUILD ${COPPICE_UNITE_TESTS} UNITY_BUILD_BATCH_SIZE 6)
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# The program runs under mpirun once for each rank count, oversubscribed, loopback only.
function(coppice_mpi_test name)
  cmake_parse_arguments(ARG "" "" "RANKS;SOURCES;LINKS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LINKS} GTest::gtest coppice_options)
  foreach(ranks ${ARG_RANKS})
    add_test(NAME mpi.${name}.${ranks}
      COMMAND ${MPIEXEC_EXECUTABLE} -n ${ranks} --bind-to none $<TARGET_FILE:${name}_test>)
    set_tests_properties(mpi.${name}.${ranks} PROPERTIES LABELS mpi TIMEOUT 120 PROCESSORS 2
      ENVIRONMENT "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_rmaps_base_oversubscribe=1;OMPI_MCA_oob_tcp_if_include=lo;OMPI_MCA_btl_tcp_if_include=lo")
  endforeach()
endfunction()

# Stories about the real program, told in Python, as users will read its results in Python. They wait more than they
# work, so each has an entry of its own, and CTest begins with them.
function(coppice_stories name)
  cmake_parse_arguments(ARG "" "FILE;TIMEOUT" "LABELS;ENVIRONMENT" ${ARGN})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARG_FILE})
  file(STRINGS ${ARG_FILE} lines REGEX "^    def test_[a-z0-9_]+\\(self\\)")
  file(STRINGS ${ARG_FILE} all REGEX "^ *(async )?def test_")
  list(LENGTH lines registered)
  list(LENGTH all written)
  if(NOT registered EQUAL written)
    message(FATAL_ERROR "${ARG_FILE}: ${written} stories, but ${registered} of the form that CTest is told of: "
      "    def test_in_small_letters(self)")
  endif()
  foreach(line ${lines})
    string(REGEX REPLACE "^    def (test_([a-z0-9_]+)).*" "\\1;\\2" names ${line})
    list(GET names 0 method)
    list(GET names 1 story)
    add_test(NAME ${name}.${story} COMMAND ${COPPICE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FILE} -k "*.${method}")
    set_tests_properties(${name}.${story} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" COST 100
      SKIP_REGULAR_EXPRESSION "OK [(]skipped=" ENVIRONMENT
      "COPPICE_BINARY=$<TARGET_FILE:coppice>;COPPICE_SOURCE=${CMAKE_SOURCE_DIR};PYTHONDONTWRITEBYTECODE=1;${ARG_ENVIRONMENT}")
  endforeach()
endfunction()
