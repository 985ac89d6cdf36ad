# mpi.transport_mpich.N: src/transport built against MPICH into a test of its own, and its contract on 1, 2 and 4 ranks.
find_program(COPPICE_MPICC_MPICH mpicc.mpich)
find_program(COPPICE_MPIRUN_MPICH mpirun.mpich)
if(NOT COPPICE_MPICC_MPICH OR NOT COPPICE_MPIRUN_MPICH)
  add_test(NAME mpi.transport_mpich COMMAND ${CMAKE_COMMAND} -E echo "SKIPPED: MPICH is not installed beside Open MPI")
  set_tests_properties(mpi.transport_mpich PROPERTIES SKIP_REGULAR_EXPRESSION SKIPPED LABELS mpi)
  return()
endif()

# "gcc -I… -L… -lmpich"; g++ looks into that -L without being told.
execute_process(COMMAND ${COPPICE_MPICC_MPICH} -show OUTPUT_VARIABLE command_line COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " -I[^ \n]+" includes "${command_line}")
string(REGEX MATCHALL " -l[^ \n]+" links "${command_line}")
list(TRANSFORM includes REPLACE "^ -I" "")
list(TRANSFORM links STRIP)

add_executable(transport_mpich_test mpi_main.cpp mpi_test.cpp transport_contract.cpp ranks.cpp
  ${CMAKE_SOURCE_DIR}/src/transport/transport.cpp ${CMAKE_SOURCE_DIR}/src/transport/mpi_session.cpp
  ${CMAKE_SOURCE_DIR}/src/transport/mpi_transport.cpp)
target_include_directories(transport_mpich_test PRIVATE ${includes})
target_compile_definitions(transport_mpich_test PRIVATE MPICH_SKIP_MPICXX)
target_link_libraries(transport_mpich_test PRIVATE coppice_core fmt::fmt ${links} GTest::gtest coppice_options)
foreach(ranks 1 2 4)
  add_test(NAME mpi.transport_mpich.${ranks}
    COMMAND ${COPPICE_MPIRUN_MPICH} -n ${ranks} -iface lo $<TARGET_FILE:transport_mpich_test>)
  set_tests_properties(mpi.transport_mpich.${ranks} PROPERTIES LABELS mpi TIMEOUT 300 PROCESSORS 2)
endforeach()
