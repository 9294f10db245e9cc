# Run after a test program is linked: writes one add_test for each of its top-level suites.
execute_process(COMMAND "${PROGRAM}" --list_content=HRF
  OUTPUT_VARIABLE content ERROR_VARIABLE content_on_stderr RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} --list_content failed (${status}): ${content_on_stderr}")
endif()
# Top-level lines are not indented; a star says that a suite is enabled.
string(REGEX MATCHALL "(^|\n)[A-Za-z_][A-Za-z0-9_]*" suites "\n${content}\n${content_on_stderr}")
set(text "")
foreach(suite IN LISTS suites)
  string(STRIP "${suite}" suite)
  string(APPEND text
    "add_test(${LABEL}.${suite} \"${PROGRAM}\" --run_test=${suite} --log_level=test_suite)\n"
    "set_tests_properties(${LABEL}.${suite} PROPERTIES LABELS ${LABEL} TIMEOUT 600 "
    "WORKING_DIRECTORY \"${SOURCE_DIR}\")\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}")
