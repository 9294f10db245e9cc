# The simulator's own test runs: a quick suite of fixed seeds, determinism in two processes, every
# plan of the regression corpus, and the exit statuses that scripts rely on.
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
  rpcnet_sim_run(twice.${scenario} 0 check ${scenario} --seeds 1..3)
endforeach()
# The real QUIC and TLS costs about a hundred times as much: fewer seeds.
foreach(scenario steady crash-one partition-heal rolling-restart)
  rpcnet_sim_run(quic.${scenario} 0 sweep ${scenario} --net quic --seeds 1..5)
endforeach()
rpcnet_sim_run(quic.swarm 0 sweep swarm --net quic --seeds 1..20)
rpcnet_sim_run(quic.twice 0 check swarm --net quic --seeds 1..5)
add_test(NAME sim_run.quic.fidelity
  COMMAND "${PROJECT_SOURCE_DIR}/tests/sim/fidelity" "${sim}" crash-one 20
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(sim_run.quic.fidelity PROPERTIES LABELS sim)
rpcnet_sim_run(quick.hundred_nodes 0 run steady --nodes 100 --time 20s)

# Each plan of the corpus once failed; it is fixed when it passes.
file(GLOB plans CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/sim/regressions/*.toml")
foreach(plan ${plans})
  get_filename_component(name "${plan}" NAME_WE)
  rpcnet_sim_run(regression.${name} 0 run "${plan}")
endforeach()

# A printed plan is the run: same hash as the seed it came from.
add_test(NAME sim_run.plan_is_the_run
  COMMAND "${PROJECT_SOURCE_DIR}/tests/sim/plan_is_the_run" "${sim}"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(sim_run.plan_is_the_run PROPERTIES LABELS sim)

rpcnet_sim_run(exit.usage 64 run no-such-scenario)
rpcnet_sim_run(exit.usage_of_setting 64 run steady --set no.such=1)
rpcnet_sim_run(exit.vacuous 4 run "${PROJECT_SOURCE_DIR}/tests/sim/support/vacuous.toml")
rpcnet_sim_run(exit.oracle 1 run "${PROJECT_SOURCE_DIR}/tests/sim/support/must_fail.toml")
