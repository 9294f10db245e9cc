#!/usr/bin/env python3
"""Builds a project that only knows the installed package, and runs both ends of it.

    run.py BUILD_DIR SOURCE_DIR PROJECT_DIR   installs BUILD_DIR below itself, then builds and runs

Exit status 0 if everything builds without a warning of the project's own and prints what it should.
"""

import os
import random
import selectors
import shutil
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def must(*command, **options):
    done = subprocess.run([str(part) for part in command], **options)
    if done.returncode != 0:
        print(f"consumer: failed: {' '.join(map(str, command))}", file=sys.stderr)
        sys.exit(1)
    return done


def main():
    build, source, project = (Path(argument).resolve() for argument in sys.argv[1:])
    began = time.monotonic()
    name = project.name
    work = build / "tests" / "consumer" / name
    prefix = work / "prefix"
    shutil.rmtree(work, ignore_errors=True)
    must("cmake", "--install", build, "--prefix", prefix, stdout=subprocess.DEVNULL)
    configure = ["cmake", "-S", project, "-B", work / "build", "-G", "Ninja"]
    # One of them as it is shipped: g++ warns of other things then.
    kind = "Release" if name == "greeter" else "Debug"
    configure += [f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_BUILD_TYPE={kind}"]
    configure += ["-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror"]
    if shutil.which("ccache"):
        configure += ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
    must(*configure, stdout=subprocess.DEVNULL)
    must("cmake", "--build", work / "build", "--parallel", "2")
    print(f"consumer: built {name} from the installed package in {time.monotonic() - began:.0f} s")

    must(source / "scripts" / "make-certs", "--out", work / "certs", stdout=subprocess.DEVNULL)
    return PLAYS.get(name, consumer)(work, work / "build")


def check(done, wanted):
    print(done, end="")
    if done.splitlines() == wanted:
        return 0
    print(f"consumer: expected {wanted}", file=sys.stderr)
    return 1


class Server:
    """A server that runs while the block does, and ends well when it is told to."""

    def __init__(self, work, *command):
        self.work, self.command = work, command

    def __enter__(self):
        self.process = subprocess.Popen(self.command, cwd=self.work)

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait(30) != 0:
            print(f"consumer: a server ended with {self.process.returncode}", file=sys.stderr)
            sys.exit(1)


def output(work, *command):
    return must(*command, cwd=work, stdout=subprocess.PIPE, text=True, timeout=30).stdout


def refusal(work, *command):
    """What a command says that ends with a fault."""
    ended = subprocess.run(command, cwd=work, stderr=subprocess.PIPE, text=True, timeout=30)
    return ended.stderr if ended.returncode == 1 else ""


def consumer(work, build):
    address = f"127.0.0.1:{free_port()}"
    kinds = ["unary", "typed error", "server stream", "client stream", "both ways", "health"]
    with Server(work, build / "consumer", "serve", address):
        return check(
            output(work, build / "consumer", "call", address), [f"{kind}: ok" for kind in kinds]
        )


def greeter(work, build):
    with Server(work, build / "greeter_server"):
        return check(output(work, build / "greeter_client"), ["Hello, world!"])


def calculator(work, build):
    wanted = ["84 / 2 = 42", "cannot divide by 0: no such number", "1 + ... + 100 = 5050"]
    with Server(work, build / "calculator_server"):
        return check(output(work, build / "calculator_client"), wanted)


def chat(work, build):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": work}
    with Server(work, build / "chat_server"):
        ann = subprocess.Popen([build / "chat_client", "ann"], **pipes)
        bob = subprocess.Popen([build / "chat_client", "bob"], **pipes)
        # Whoever came first hears the other one enter, and answers.
        first, second = (ann, bob), ("ann", "bob")
        ready = selectors.DefaultSelector()
        for guest, name in zip(first, second):
            ready.register(guest.stdout, selectors.EVENT_READ, (guest, name))
        events = ready.select(timeout=30)
        if not events:
            print("consumer: nobody was heard to enter", file=sys.stderr)
            return 1
        host, name = events[0][0].data
        guest, other = (bob, "bob") if host is ann else (ann, "ann")
        heard = host.stdout.readline()
        host.stdin.write("welcome\n")
        host.stdin.flush()
        heard += guest.stdout.readline()
        guest.stdin.close()
        heard += host.stdout.readline()
        host.stdin.close()
        statuses = [guest.wait(30), host.wait(30)]
        wanted = [f"{other}: enters", f"{name}: welcome", f"{other}: leaves"]
        return check(heard, wanted) or int(any(statuses))


def cluster(work, build):
    node, seed = build / "cluster_node", f"127.0.0.1:{free_port()}"
    with Server(work, node, "worker", seed), Server(work, node, "worker", "127.0.0.1:0", seed):
        return check(output(work, node, "ask", "127.0.0.1:0", seed), ["Hello, cluster!"] * 10)


def files(work, build):
    """Cut twice, it goes on each time; what is stored is what was sent."""
    content = random.Random(1).randbytes(3_000_000)
    (work / "sent.bin").write_bytes(content)
    stored = work / "stored"
    stored.mkdir()
    client = build / "files_client"
    with Server(work, build / "files_server", stored):
        said = output(work, client, "sent.bin", "10")
        said += output(work, client, "sent.bin", "5")
        said += output(work, client, "sent.bin")
        offsets = [int(line.split()[-1]) for line in said.splitlines() if "going on" in line]
        whole = f"stored {len(content)} bytes, crc32 {zlib.crc32(content):08x}"
        print(said, end="")
        good = offsets == [0, 10 * 65536, 15 * 65536]
        good = good and said.splitlines()[-1] == whole
        good = good and (stored / "sent.bin").read_bytes() == content
        (work / ".bad").write_bytes(b"x")
        good = good and "without a directory" in refusal(work, client, ".bad")
        return 0 if good else 1


def kv(work, build):
    """A node that goes takes its own keys along and moves no other."""
    node, client, seed = build / "kv_node", build / "kv_client", f"127.0.0.1:{free_port()}"

    def shares(verb, nodes):
        said = output(work, client, verb, "300", str(nodes), seed)
        print(said, end="")
        pairs = [line.rsplit(": ", 1) for line in said.splitlines()]
        return {name: int(count) for name, count in pairs}

    gone = f"127.0.0.1:{free_port()}"
    with Server(work, node, seed), Server(work, node, "127.0.0.1:0", seed):
        with Server(work, node, gone, seed):
            put, got = shares("put", 3), shares("get", 3)
        if put != got or put["missing"] != 0 or min(put[name] for name in put if ":" in name) < 50:
            print("consumer: expected 300 keys in about equal shares", file=sys.stderr)
            return 1
        left = shares("get", 2)
        lost = put.pop(gone)
        wanted = {**put, "missing": lost}
        if left != wanted:
            print(f"consumer: expected {wanted}", file=sys.stderr)
            return 1
    return 0


def inference(work, build):
    """Calls that come together are answered together, and one's fault is not the others'."""
    with Server(work, build / "inference_server"):
        *lines, batches = output(work, build / "inference_client").splitlines()
        failed = check("\n".join(lines), ["question 0: invalid_argument: no text", "right: 63"])
        print(f"\n{batches}")
        return failed or int(not 4 <= int(batches.removeprefix("batches: ")) <= 16)


PLAYS = {
    "calculator": calculator,
    "chat": chat,
    "cluster": cluster,
    "files": files,
    "greeter": greeter,
    "inference": inference,
    "kv": kv,
}


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.exit(main())
