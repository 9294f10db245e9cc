#!/usr/bin/env python3
"""What a shell, a terminal and a name service can do to the programs.

    RPCNET_BIN=build/bin tests/bins/adversity.py [CHECK...]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import BIN, ROOT, Cluster, Process, Summary, environment, expect, free_port, main


def goes_on_when_nobody_reads():
    """director | head -1: the reader goes, the director stays."""
    with Cluster() as cluster:
        env = environment(**cluster.certificates, DIRECTOR_ADDR=cluster.address)
        director = subprocess.Popen([str(BIN / "director")], stdout=subprocess.PIPE, env=env,
                                    cwd=ROOT)
        try:
            expect(b"Starting" in director.stdout.readline(), "the director said nothing")
            director.stdout.close()
            cluster.worker("worker-a").wait("is running and ready", 10)
            cluster.client("--tokens", "3").wait("client: tokens=3 gaps=0", 10)
            expect(director.poll() is None, f"the director ended: {director.poll()}")
        finally:
            director.kill()
            director.wait()


def leaves_when_told_while_it_starts():
    """SIGTERM with the first line of output: it starts and leaves, and is not cut short."""
    for program in ("director", "worker", "client"):
        with Cluster() as cluster:
            env = environment(**cluster.certificates, DIRECTOR_ADDR=cluster.address,
                              WORKER_ADDR=f"127.0.0.1:{free_port()}")
            process = Process(program, [], env=env)
            process.wait("Starting", 10)
            process.end(10)
            expect(process.status(10) == 0, f"{program}: {process.last_words()}")


def serves_with_all_standard_files_closed():
    """What it prints must not end up in a socket that got the number of a file it lacks."""
    with Cluster() as cluster:
        cluster.director().wait("Director ready", 10)
        env = environment(**cluster.certificates, DIRECTOR_ADDR=cluster.address,
                          WORKER_ADDR=f"127.0.0.1:{free_port()}", WORKER_LABEL="worker-a")
        worker = subprocess.Popen(["sh", "-c", 'exec "$0" <&- >&- 2>&-', str(BIN / "worker")],
                                  env=env, cwd=ROOT)
        try:
            cluster.client("--tokens", "3").wait("client: tokens=3 gaps=0", 10)
            for number in range(3):
                target = os.readlink(f"/proc/{worker.pid}/fd/{number}")
                expect(target == "/dev/null", f"its file {number} is {target}")
        finally:
            worker.kill()
            worker.wait()


def prints_a_peers_words_as_words():
    """A label is its owner's to choose, and ends up on other people's terminals."""
    with Cluster() as cluster:
        director = cluster.director()
        director.wait("Director ready", 10)
        label = "\x1b[31mred\nNodeFailed: everybody \u009b2J"
        cluster.worker("w", "--node", "w", WORKER_LABEL=label).wait("ready to handle", 10)
        director.wait(r"\?\[31mred\?NodeFailed: everybody \?+2J at", 10)
        said = "\n".join(director.texts())
        expect("\x1b" not in said and "\u009b" not in said, "control characters came through")
        expect(not director.count("^NodeFailed"), "a line was forged")


def finds_a_director_at_any_address_of_its_name():
    """The name's first address is dead, the second is IPv6: there the director listens."""
    with tempfile.TemporaryDirectory() as directory:
        hosts = Path(directory) / "hosts"
        hosts.write_text("127.0.0.1 localhost\n127.0.0.2 seed.test\n::1 seed.test\n")
        inside = ["unshare", "-rm", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"',
                  str(hosts)]
        allowed = shutil.which("unshare") and subprocess.run(
            [*inside, "true"], stderr=subprocess.DEVNULL).returncode == 0
        if not allowed:
            return "not run: this machine does not let us name hosts of our own"
        with Cluster() as cluster:
            port = free_port()
            name = f"seed.test:{port}"
            director = cluster.start("director", DIRECTOR_ADDR=f"[::1]:{port}")
            director.wait("Director ready", 10)
            common = {**cluster.certificates, "DIRECTOR_ADDR": name}
            bound = f"[::1]:{free_port()}"
            worker = Process("worker", [], environment(**common, WORKER_ADDR=bound), prefix=inside)
            cluster.processes.append(worker)
            worker.wait("is running and ready", 10)
            client = Process("client", ["--tokens", "3"], environment(**common), prefix=inside)
            cluster.processes.append(client)
            expect(client.status(15) == 0, f"the client failed{client.last_words()}")
            Summary(client).expect_whole()
    return None


CHECKS = {
    check.__name__: check
    for check in (
        goes_on_when_nobody_reads,
        leaves_when_told_while_it_starts,
        serves_with_all_standard_files_closed,
        prints_a_peers_words_as_words,
        finds_a_director_at_any_address_of_its_name,
    )
}

if __name__ == "__main__":
    sys.exit(main(CHECKS))
