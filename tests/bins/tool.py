#!/usr/bin/env python3
"""The operator's tool against real processes: every kind of call, the cluster, wrong input.

    RPCNET_BIN=build/bin tests/bins/tool.py [CHECK...]
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import (
    BIN,
    ROOT,
    Cluster,
    Process,
    certificate_variables,
    environment,
    expect,
    free_port,
    main,
    make_certificates,
    test_certificates,
)

ECHO = "rpcnet.example.Echo"


def run(*arguments, given=None, certificates=None, seconds=20):
    """Runs `rpcnet ARGUMENTS`; gives (status, lines of its output, what it complains of)."""
    done = subprocess.run(
        [str(BIN / "rpcnet"), *map(str, arguments)],
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=environment(**(certificates or test_certificates())),
        cwd=ROOT,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr.strip()


def expect_run(wanted, *arguments, **options):
    status, lines, words = run(*arguments, **options)
    case = f"rpcnet {' '.join(map(str, arguments))}"
    expect(status == 0, f"{case}: exit status {status}: {words}")
    expect(lines == wanted, f"{case}: {lines}, not {wanted}")


class Echo:
    def __enter__(self):
        self.address = f"127.0.0.1:{free_port()}"
        self.process = Process("rpcnet", ["echo", "--addr", self.address],
                               env=environment(**test_certificates()))
        self.process.wait("echo: serving", 10)
        return self

    def __exit__(self, *_):
        self.process.kill()

    def call(self, method, *arguments, **options):
        return run("call", self.address, f"{ECHO}.{method}", *arguments, **options)


def calls_of_every_kind():
    with Echo() as echo:
        at = echo.address
        expect_run(['{"text":"hi"}'], "call", at, f"{ECHO}.Say", '{"text": "hi"}')
        expect_run(["{}"], "call", at, f"{ECHO}/Say")
        expect_run(['{"text":"x","times":3}'] * 3, "call", at, f"{ECHO}.Repeat",
                   '{"text":"x","times":3}')
        expect_run([], "call", at, f"{ECHO}.Repeat")
        lines = '{"text":"a"}\n\n{"text":"b"}\n  {"text":"c"}'
        expect_run(['{"text":"abc","times":3}'], "call", at, f"{ECHO}.Join", given=lines)
        expect_run(["{}"], "call", at, f"{ECHO}.Join")
        expect_run(['{"text":"a"}', '{"text":"b"}', '{"text":"c"}'], "call", at, f"{ECHO}.Chat",
                   given=lines)
        many = [f'{{"text":"{i}"}}' for i in range(2000)]
        expect_run(many, "call", at, f"{ECHO}.Chat", given="\n".join(many))


def a_conversation_is_live():
    """An answer comes before the input ends."""
    with Echo() as echo:
        talk = subprocess.Popen(
            [str(BIN / "rpcnet"), "call", echo.address, f"{ECHO}.Chat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env=environment(**test_certificates()))
        try:
            for word in ("one", "two"):
                talk.stdin.write(json.dumps({"text": word}) + "\n")
                talk.stdin.flush()
                said = talk.stdout.readline()
                expect(json.loads(said) == {"text": word}, f"answered {said!r}")
            talk.stdin.close()
            expect(talk.wait(10) == 0, "a conversation that ended well failed")
        finally:
            talk.kill()
            talk.wait()


def tells_the_status_as_words_and_number():
    with Echo() as echo:
        for code, name in ((1, "cancelled"), (5, "not_found"), (16, "unauthenticated")):
            status, lines, words = echo.call("Fail", f'{{"code":{code},"words":"no luck"}}')
            expect((status, lines) == (code, []), f"{status} {lines}")
            expect(f"rpcnet call: {name}: no luck" in words, words)
            detail = f'detail rpcnet.example.Failure {{"code":{code},"words":"no luck"}}'
            expect(detail in words, words)
        status, _, words = echo.call("Say", "--verbose")
        expect((status, words) == (0, "rpcnet call: ok"), words)
        # Health.Watch does not end by itself.
        status, lines, words = run("call", echo.address, "rpcnet.v1.Health.Watch",
                                   "--timeout-ms", 300)
        expect(status == 4 and "deadline_exceeded" in words, f"{status} {words}")
        expect(lines == ['{"status":"SERVING"}'], lines)
        status, _, words = run("call", f"127.0.0.1:{free_port()}", f"{ECHO}.Say")
        expect(status == 14 and "unavailable" in words, f"{status} {words}")


def describes_what_is_served():
    with Echo() as echo:
        expect_run(
            ["rpcnet.Echo  (bytes; not described)", ECHO, "rpcnet.v1.Health", "rpcnet.v1.Metrics",
             "rpcnet.v1.Reflection", "rpcnet.v1.State"],
            "list", echo.address)
        words = "rpcnet.example.Words"
        expect_run(
            [f"{ECHO}.Chat (stream {words}) returns (stream {words})",
             f"{ECHO}.Fail (rpcnet.example.Failure) returns ({words})",
             f"{ECHO}.Join (stream {words}) returns ({words})",
             f"{ECHO}.Repeat ({words}) returns (stream {words})",
             f"{ECHO}.Say ({words}) returns ({words})"],
            "list", echo.address, ECHO)
        expect_run(["rpcnet.Echo.echo"], "list", echo.address, "rpcnet.Echo")
        expect_run(["message Words {", "  string text = 1;", "  uint32 times = 2;", "}"],
                   "describe", echo.address, words)


def tells_what_is_counted():
    with Echo() as echo:
        echo.call("Say")
        status, lines, words = run("metrics", echo.address)
        expect(status == 0, f"{status} {words}")
        expect("rpcnet_calls_answered_total{status=\"ok\"} 2" in lines, "\n".join(lines))


def tells_what_is_done_now():
    with Echo() as echo:
        status, lines, words = run("state", echo.address)
        expect(status == 0, f"{status} {words}")
        link = next((line.split() for line in lines if " rpc " in line), [])
        expect(link[4:6] == ["by", "peer"], "\n".join(lines))
        expect(any(line.split() == ["rpcnet.v1.State.Read", "1", "0"] for line in lines),
               "\n".join(lines))


def wrong_input_is_named():
    with Echo() as echo:
        at = echo.address
        cases = [
            ([], 64, ["command"]),
            (["dance"], 64, ["dance", "--help"]),
            (["call"], 64, ["server", "required"]),
            (["call", at], 64, ["method", "required"]),
            (["call", "7000", f"{ECHO}.Say"], 64, ["7000", "HOST:PORT"]),
            (["call", at, "Say"], 64, ["Say", "package.Service.Method"]),
            (["call", at, f"{ECHO}.Say", "{}", "{}"], 64, ["{}"]),
            (["call", at, ECHO], 64, [ECHO, "no method"]),
            (["call", at, f"{ECHO}.Shout"], 5, [f"{ECHO}.Shout"]),
            (["call", at, "rpcnet.Echo.echo"], 5, ["rpcnet.Echo.echo", "described"]),
            (["call", at, f"{ECHO}.Say", "{"], 64, ["{", "rpcnet.example.Words"]),
            (["call", at, f"{ECHO}.Say", ""], 64, ["rpcnet.example.Words"]),
            (["call", at, f"{ECHO}.Say", '{"txt":""}'], 64, ["txt", "Cannot find field"]),
            (["call", at, f"{ECHO}.Say", '{"times":-1}'], 64, ["times"]),
            (["call", at, f"{ECHO}.Say", "[1]"], 64, ["rpcnet.example.Words"]),
            (["call", at, f"{ECHO}.Join", "{}"], 64, ["standard input", "stream"]),
            (["call", at, f"{ECHO}.Say", "--metadata", "x"], 64, ["--metadata", "KEY=VALUE"]),
            (["call", at, f"{ECHO}.Say", "--metadata", "X=y"], 64, ["X=y", "KEY=VALUE"]),
            (["call", at, f"{ECHO}.Say", "--timeout-ms", "soon"], 64, ["soon", "milliseconds"]),
            (["call", at, f"{ECHO}.Say", "--loud"], 64, ["--loud"]),
            (["call", "no-such-host.invalid:1", f"{ECHO}.Say"], (5, 14), ["no-such-host"]),
            (["list"], 64, ["server", "required"]),
            (["list", at, "no.Service"], 5, ["no.Service", "rpcnet list"]),
            (["describe", at], 64, ["symbol", "required"]),
            (["describe", at, "no.Symbol"], 5, ["no.Symbol"]),
            (["members"], 64, ["server", "required"]),
            (["members", at], 12, ["no member"]),
            (["watch", at], 12, ["no member"]),
            (["members", at, "--cert", "absent.pem"], 1, ["absent.pem"]),
        ]
        for arguments, wanted, words in cases:
            status, lines, said = run(*arguments)
            case = f"rpcnet {' '.join(arguments)}"
            allowed = wanted if isinstance(wanted, tuple) else (wanted,)
            expect(status in allowed, f"{case}: exit status {status}, not {wanted}: {said}")
            expect(not lines and len(said.splitlines()) == 1, f"{case}: {lines} {said}")
            for word in words:
                expect(word in said, f"{case}: nothing of {word!r} in {said!r}")
        # A wrong line ends a stream that has begun, and says which it is.
        status, _, said = echo.call("Join", given='{"text":"a"}\n\n{"text":1}\n')
        expect(status == 64 and "line 3" in said, f"{status} {said}")
        return f"{len(cases) + 1} cases"


def shows_the_members_of_a_cluster():
    with Cluster() as cluster:
        director = cluster.director()
        cluster.worker("worker-a", "--tag", "gpu=true")
        worker = cluster.worker("worker-b")
        director.wait("2 workers available", 20)
        status, lines, words = run("members", cluster.address)
        expect(status == 0, f"{status} {words}")
        expect(re.match(r"MEMBER +ADDRESS +STATE +INCARNATION +PHI ", lines[0]), lines[0])
        table = "\n".join(lines)
        expect(len(lines) == 4, table)
        expect(re.search(rf"^\S+ \* +{cluster.address} +alive .*role=director", table, re.M), table)
        expect(re.search(r"^worker-a +\S+ +alive .*gpu=true,label=worker-a,role=worker", table,
                         re.M), table)

        watch = cluster.start("rpcnet", "watch", cluster.address)
        watch.wait("Watching", 10)
        watch.wait(r"^worker-b +\S+ +alive", 10)
        drawn = cluster.start("rpcnet", "watch", cluster.address, terminal=True)
        drawn.wait(r"cluster \S+ as \S+ sees it", 10)
        drawn.wait(r"worker-b +\S+ +alive", 10)
        worker.end(20)
        watch.wait(r"^\d\d:\d\d:\d\d NodeLeft: worker-b at \S+, left", 20)
        drawn.wait(r"worker-b +\S+ +left", 20)
        expect(watch.end(10, signal.SIGINT) == 0, "watch did not end well by ^C")
        expect(drawn.end(10, signal.SIGTERM) == 0, "watch did not end well by SIGTERM")

        # Who has no certificate of this cluster sees nothing.
        with tempfile.TemporaryDirectory() as directory:
            make_certificates(Path(directory))
            strange = certificate_variables(directory)
            status, lines, words = run("members", cluster.address, certificates=strange)
            expect(status == 16 and not lines, f"{status} {lines} {words}")

        watch = cluster.start("rpcnet", "watch", cluster.address)
        watch.wait("Watching", 10)
        director.end(20)
        expect(watch.status(10) == 14, f"watch outlives its member{watch.last_words()}")
        watch.wait("unavailable", 5)


CHECKS = {
    check.__name__: check
    for check in (
        calls_of_every_kind,
        a_conversation_is_live,
        tells_the_status_as_words_and_number,
        describes_what_is_served,
        tells_what_is_counted,
        tells_what_is_done_now,
        wrong_input_is_named,
        shows_the_members_of_a_cluster,
    )
}

if __name__ == "__main__":
    sys.exit(main(CHECKS))
