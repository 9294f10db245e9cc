# The simulator's own test runs: a quick suite of fixed seeds, each of them again in two processes,
# with and without address randomisation; every plan of the regression corpus; and the exit statuses
# that scripts rely on.
set(sim "$<TARGET_FILE:program_sim>")
set(scenarios "${PROJECT_SOURCE_DIR}/sim/scenarios")

# rpcnet_sim_run(NAME EXPECTED_STATUS ARGUMENTS...)
function(rpcnet_sim_run name status)
  add_test(NAME sim_run.${name}
    COMMAND "${PROJECT_SOURCE_DIR}/tests/sim/expect" ${status} "${sim}" ${ARGN}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(sim_run.${name} PROPERTIES LABELS sim)
endfunction()

file(GLOB files CONFIGURE_DEPENDS "${scenarios}/*.toml")
foreach(file ${files})
  get_filename_component(scenario "${file}" NAME_WE)
  rpcnet_sim_run(quick.${scenario} 0 sweep ${scenario} --seeds 1..25)
  rpcnet_sim_run(twice.${scenario} 0 check ${scenario} --seeds 1..25)
endforeach()
# The real QUIC and TLS costs about a hundred times as much: fewer seeds.
foreach(file ${files})
  get_filename_component(scenario "${file}" NAME_WE)
  rpcnet_sim_run(quic.${scenario} 0 sweep ${scenario} --net quic --seeds 1..3)
endforeach()
rpcnet_sim_run(quic.more.swarm 0 sweep swarm --net quic --seeds 4..40)
rpcnet_sim_run(quic.twice 0 check swarm --net quic --seeds 1..5)
add_test(NAME sim_run.quic.fidelity
  COMMAND "${PROJECT_SOURCE_DIR}/tests/sim/fidelity" "${sim}" crash-one 20
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(sim_run.quic.fidelity PROPERTIES LABELS sim)
# False deaths a node-hour, over a sweep: under the stated profile none to speak of; under all that
# swarm does, enough for the bar to be seen to work.
rpcnet_sim_run(quick.accuracy_bar 0 sweep accuracy --seeds 1..10 --false-deaths-max 0.1)
rpcnet_sim_run(exit.accuracy 1 sweep swarm --seeds 1..20 --false-deaths-max 0.001)
rpcnet_sim_run(quick.hundred_nodes 0 run steady --nodes 100 --time 20s)

# Each plan of the corpus once failed; it is fixed when it passes.
file(GLOB plans CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/sim/regressions/*.toml")
foreach(plan ${plans})
  get_filename_component(name "${plan}" NAME_WE)
  rpcnet_sim_run(regression.${name} 0 run "${plan}")
endforeach()
file(GLOB plans CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/sim/regressions/quic/*.toml")
foreach(plan ${plans})
  get_filename_component(name "${plan}" NAME_WE)
  rpcnet_sim_run(regression.quic.${name} 0 run "${plan}" --net quic)
endforeach()

# A printed plan is the run: same hash as the seed it came from.
add_test(NAME sim_run.plan_is_the_run
  COMMAND "${PROJECT_SOURCE_DIR}/tests/sim/plan_is_the_run" "${sim}"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(sim_run.plan_is_the_run PROPERTIES LABELS sim)

# What a host recorded is its life.
add_test(NAME sim_run.recording_replays
  COMMAND "${PROJECT_SOURCE_DIR}/tests/sim/recording_replays" "${sim}"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(sim_run.recording_replays PROPERTIES LABELS sim)

rpcnet_sim_run(exit.usage 64 run no-such-scenario)
rpcnet_sim_run(exit.usage_of_record 64 run steady --record nobody=/tmp/x)
rpcnet_sim_run(exit.no_recording 64 replay "${PROJECT_SOURCE_DIR}/README.md")
rpcnet_sim_run(exit.usage_of_setting 64 run steady --set no.such=1)
rpcnet_sim_run(exit.vacuous 4 run "${PROJECT_SOURCE_DIR}/tests/sim/support/vacuous.toml")
rpcnet_sim_run(exit.oracle 1 run "${PROJECT_SOURCE_DIR}/tests/sim/support/must_fail.toml")

# The simulator with oracles that fail on purpose: every exit status, and shrinking, for real.
get_target_property(sim_main rpcnet_bins_sim RPCNET_MAIN)
add_executable(sim_planted ${sim_main} planted/planted.cc)
rpcnet_program_options(sim_planted)
target_link_libraries(sim_planted PRIVATE rpcnet_bins_sim)
set(planted "${PROJECT_SOURCE_DIR}/tests/planted")

# rpcnet_planted_run(NAME EXPECTED_STATUS ARGUMENTS...)
function(rpcnet_planted_run name status)
  add_test(NAME sim_run.${name}
    COMMAND "${PROJECT_SOURCE_DIR}/tests/sim/expect" ${status} "$<TARGET_FILE:sim_planted>" ${ARGN}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(sim_run.${name} PROPERTIES LABELS sim)
endfunction()
rpcnet_planted_run(exit.crash 3 run "${planted}/asserts.toml")
rpcnet_planted_run(exit.crash_of_sweep 3 sweep "${planted}/asserts.toml" --seeds 2..4)
rpcnet_planted_run(exit.oracle_of_sweep 1 sweep "${planted}/accused.toml" --seeds 1..3)
rpcnet_planted_run(exit.nondeterminism 2 check "${planted}/addresses.toml")
add_test(NAME sim_run.check_shows_the_difference
  COMMAND "${planted}/differs" "$<TARGET_FILE:sim_planted>" "${planted}/addresses.toml"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(sim_run.check_shows_the_difference PROPERTIES LABELS sim)

function(rpcnet_shrink_run name)
  add_test(NAME sim_run.shrink.${name}
    COMMAND "${planted}/shrinks" "$<TARGET_FILE:sim_planted>" ${ARGN}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(sim_run.shrink.${name} PROPERTIES LABELS sim)
endfunction()
rpcnet_shrink_run(three_in_order 1 4 "${planted}/three-in-order.toml" 43)
rpcnet_shrink_run(single_packets 1 1 "${planted}/accused.toml" 1)
rpcnet_shrink_run(crash 3 1 "${planted}/asserts.toml" 2)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME sim_run.wrong_plans
  COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tests/sim/wrong_plans.py" "${sim}"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(sim_run.wrong_plans PROPERTIES LABELS sim)
add_test(NAME sim_run.report_page
  COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tests/sim/report_page.py"
    "${sim}" "$<TARGET_FILE:sim_planted>"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(sim_run.report_page PROPERTIES LABELS sim)
