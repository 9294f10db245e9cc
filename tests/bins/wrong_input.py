#!/usr/bin/env python3
"""Wrong options, variables, addresses and certificates: one clear line, the right status, at once.

    RPCNET_BIN=build/bin tests/bins/wrong_input.py [CHECK...]
"""

import os
import socket
import sys
import tempfile
from pathlib import Path

from harness import (
    Process,
    certificate_variables,
    environment,
    expect,
    free_port,
    main,
    make_certificates,
    test_certificates,
)

# program, options, variables, status, what the line must name
USAGE = [
    ("director", ["--nonsense"], {}, 64, ["--nonsense", "--help"]),
    ("director", ["stray"], {}, 64, ["stray"]),
    ("director", ["--addr"], {}, 64, ["--addr"]),
    ("director", ["--addr", "61000"], {}, 64, ['--addr="61000"', "HOST:PORT", "DIRECTOR_ADDR"]),
    ("director", [], {"DIRECTOR_ADDR": "127.0.0.1"}, 64, ['DIRECTOR_ADDR="127.0.0.1"', "--addr"]),
    ("director", [], {"DIRECTOR_ADDR": "127.0.0.1:70000"}, 64, ["DIRECTOR_ADDR", "70000"]),
    ("director", ["--strategy", "best"], {}, 64, ["--strategy", "best", "round-robin"]),
    ("director", ["--log", "loud"], {}, 64, ["--log", "loud", "trace"]),
    ("director", [], {"RUST_LOG": "loud"}, 64, ["RUST_LOG", "loud", "trace"]),
    ("director", ["--node", "Big Name"], {}, 64, ["--node", "Big Name", "a-z"]),
    ("director", ["--symbols", "some"], {}, 64, ["--symbols", "some", "never"]),
    ("worker", [], {"WORKER_ADDR": "somewhere"}, 64, ["WORKER_ADDR", "somewhere", "--addr"]),
    ("worker", [], {"WORKER_LABEL": "Worker 1"}, 64, ["WORKER_LABEL", "Worker 1", "--node"]),
    ("worker", [], {"WORKER_FAILURE_ENABLED": "maybe"}, 64,
     ["WORKER_FAILURE_ENABLED", "maybe", "true or false"]),
    ("worker", [], {"DIRECTOR_ADDR": "127.0.0.1:1,x"}, 64, ["DIRECTOR_ADDR", "127.0.0.1:1,x"]),
    ("worker", ["--interval-ms", "-1"], {}, 64, ["--interval-ms", "-1"]),
    ("worker", ["--interval-ms", "soon"], {}, 64, ["--interval-ms", "soon", "milliseconds"]),
    ("worker", ["--tag", "gpu"], {}, 64, ["--tag", "gpu", "KEY=VALUE"]),
    ("worker", ["--tag", "role=boss"], {}, 64, ["--tag", "role=boss"]),
    ("worker", ["--record-max-bytes", "12"], {}, 64, ["--record-max-bytes", "12", "4096"]),
    ("client", ["--record-payloads=maybe"], {}, 64, ["--record-payloads", "maybe"]),
    ("worker", ["--tag", "big=" + "x" * 6000], {}, 1, ["tag"]),
    ("client", ["--tokens", "-3"], {}, 64, ["--tokens", "-3"]),
    ("client", ["--tokens", "many"], {}, 64, ["--tokens", "many", "whole number"]),
    ("client", ["--filter", "gpu"], {}, 64, ["--filter", "gpu", "KEY=VALUE"]),
    ("client", [], {"DIRECTOR_ADDR": ":61000"}, 64, ["DIRECTOR_ADDR", ":61000"]),
    ("client", [], {"DIRECTOR_ADDR": "127.0.0.1:0"}, 64, ["127.0.0.1:0", "port 0"]),
    ("worker", [], {"DIRECTOR_ADDR": "0.0.0.0:61000"}, 64, ["0.0.0.0:61000", "wildcard"]),
    ("client", ["--director", "127.0.0.1:1,[::]:61000"], {}, 64, ["[::]:61000", "wildcard"]),
    ("client", ["--director", "no-such-host.invalid:61000"], {}, 1, ["no-such-host.invalid"]),
    ("worker", ["--director", "no-such-host.invalid:61000"], {}, 1, ["no-such-host.invalid"]),
    ("director", ["--addr", "no-such-host.invalid:61000"], {}, 1, ["no-such-host.invalid"]),
    ("director", ["--addr", "192.0.2.1:61000"], {}, 1, ["192.0.2.1:61000"]),
]


def expect_refusal(program, options, variables, status, words):
    """Ends within seconds, says one line on standard error that names all the words."""
    case = f"{program} {' '.join(options)} {variables}"
    env = environment(**{
        "WORKER_ADDR": f"127.0.0.1:{free_port()}",
        "DIRECTOR_ADDR": f"127.0.0.1:{free_port()}",
        **test_certificates(),
        **variables,
    })
    process = Process(program, options, env)
    try:
        got = process.status(10)
    finally:
        process.kill()
    said = [text for text in process.texts() if text.startswith(f"{program}: ")]
    expect(got == status, f"{case}: exit status {got}, not {status}{process.last_words()}")
    expect(len(said) == 1, f"{case}: {len(said)} lines of complaint{process.last_words()}")
    for word in words:
        expect(word in said[0], f"{case}: nothing of {word!r} in {said[0]!r}")


def says_what_is_wrong_with_options_and_variables():
    for case in USAGE:
        expect_refusal(*case)
    return f"{len(USAGE)} cases"


def says_that_a_port_is_in_use():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        expect_refusal("director", [], {"DIRECTOR_ADDR": address}, 1, [address, "in use"])
        expect_refusal("worker", [], {"WORKER_ADDR": address}, 1, [address, "in use"])


def says_what_is_wrong_with_certificates():
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        ours, others, late = root / "ours", root / "others", root / "late"
        make_certificates(ours)
        make_certificates(ours, "--node", "worker-a")
        make_certificates(others)
        make_certificates(late, "--authority", str(ours), "--expired")
        good = certificate_variables(ours)
        broken, empty, locked = root / "broken.pem", root / "empty.pem", root / "locked.pem"
        broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        empty.write_text("")
        locked.write_bytes((ours / "test_key.pem").read_bytes())
        locked.chmod(0)
        cases = [
            ({"RPCNET_CERT": root / "absent.pem"}, ["absent.pem", "make-certs"]),
            ({"RPCNET_KEY": root / "absent.pem"}, ["absent.pem", "key"]),
            ({"RPCNET_CA": root / "absent.pem"}, ["absent.pem", "authority"]),
            ({"RPCNET_CERT": broken}, ["broken.pem"]),
            ({"RPCNET_CERT": empty}, ["empty.pem", "empty"]),
            ({"RPCNET_CERT": root}, ["directory"]),
            ({"RPCNET_KEY": others / "test_key.pem"}, ["test_key.pem", "certificate"]),
            ({"RPCNET_CA": others / "ca_cert.pem"}, ["authority"]),
            ({"RPCNET_CERT": good["RPCNET_KEY"], "RPCNET_KEY": good["RPCNET_CERT"]}, ["mixed"]),
            (certificate_variables(late, authority=ours), ["expired"]),
        ]
        if os.geteuid() != 0:  # root may read everything
            cases.append(({"RPCNET_KEY": locked}, ["locked.pem", "readable"]))
        for program in ("director", "worker", "client"):
            for changes, words in cases:
                expect_refusal(program, [], {**good, **changes}, 1, words)
        bound = certificate_variables(ours, "worker-a")
        expect_refusal("worker", ["--label", "worker-b"], bound, 1, ["worker-b", "worker-a"])
        return f"{3 * len(cases) + 1} cases"


def helps():
    """--help names every variable beside its option."""
    for program, names in {
        "director": ["--addr", "DIRECTOR_ADDR", "--strategy", "SIGTERM"],
        "worker": ["--label", "WORKER_LABEL", "--addr", "WORKER_ADDR", "--director",
                   "DIRECTOR_ADDR", "--failures", "WORKER_FAILURE_ENABLED", "--interval-ms",
                   "SIGINT"],
        "client": ["--director", "DIRECTOR_ADDR", "--tokens", "longest_gap_ms"],
    }.items():
        process = Process(program, ["--help"])
        expect(process.status(5) == 0, f"{program} --help failed{process.last_words()}")
        said = "\n".join(process.texts())
        for name in [*names, "--cert", "RPCNET_CERT", "RPCNET_KEY", "RPCNET_CA", "RPCNET_LOG",
                     "RUST_LOG", "--record", "RPCNET_RECORD"]:
            expect(name in said, f"{program} --help does not name {name}:\n{said}")


CHECKS = {
    check.__name__: check
    for check in (
        helps,
        says_what_is_wrong_with_options_and_variables,
        says_that_a_port_is_in_use,
        says_what_is_wrong_with_certificates,
    )
}

if __name__ == "__main__":
    sys.exit(main(CHECKS))
