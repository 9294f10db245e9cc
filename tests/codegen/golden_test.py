#!/usr/bin/env python3
"""What protoc-gen-rpcnet writes, byte by byte, and what it refuses.

    golden_test.py PROTOC PLUGIN             compares with golden/; exit status 1 if it differs
    golden_test.py PROTOC PLUGIN --rewrite   writes golden/ anew; read the difference before commit
"""

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GOLDEN = HERE / "golden"
PROTOS = ("everything", "shared", "no_package")
ENDINGS = (".rpcnet.h", ".rpcnet.cc")

# A .proto that is refused, and what must stand in the error.
REFUSED = {
    "message TalkClient {} service Talk {}": (
        "service bad.Talk",
        "TalkClient",
        "rename one of them",
    ),
    "enum TalkMethods { TALK = 0; } service Talk {}": ("bad.TalkMethods",),
    "message M {} service S { rpc delete(M) returns (M); rpc delete_(M) returns (M); }": (
        "two methods of service bad.S",
        "delete_",
    ),
    # A service is no class: these two do not meet.
    "service Talk {} service TalkService {}": None,
}


def run(protoc, plugin, proto, root, out, parameter=""):
    return subprocess.run(
        [
            protoc,
            f"--plugin=protoc-gen-rpcnet={plugin}",
            f"--rpcnet_out={parameter}{out}",
            f"-I{root}",
            str(proto),
        ],
        capture_output=True,
        text=True,
    )


def compare(protoc, plugin, rewrite):
    faults = []
    for name in PROTOS:
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            proto = HERE / f"{name}.proto"
            for out in (first, second):
                done = run(protoc, plugin, proto, ROOT, out)
                if done.returncode != 0:
                    return [done.stderr]
            for ending in ENDINGS:
                made = (Path(first) / "tests/codegen" / (name + ending)).read_text()
                again = (Path(second) / "tests/codegen" / (name + ending)).read_text()
                if made != again:
                    faults.append(f"{name}{ending}: two runs differ")
                golden = GOLDEN / (name + ending + ".golden")
                if rewrite:
                    golden.write_text(made)
                wanted = golden.read_text() if golden.exists() else ""
                faults += difflib.unified_diff(
                    wanted.splitlines(), made.splitlines(), golden.name, "made", lineterm=""
                )
    return faults


def refuse(protoc, plugin):
    faults = []
    with tempfile.TemporaryDirectory() as directory:
        proto = Path(directory) / "bad.proto"
        for text, words in REFUSED.items():
            proto.write_text(f'syntax = "proto3"; package bad; {text}')
            done = run(protoc, plugin, proto, directory, directory)
            if words is None:
                if done.returncode != 0:
                    faults.append(f"refused {text}: {done.stderr}")
                continue
            if done.returncode == 0:
                faults.append(f"not refused: {text}")
            faults += [
                f"{text}: no {word!r} in {done.stderr}" for word in words if word not in done.stderr
            ]
        proto.write_text('syntax = "proto3";')
        done = run(protoc, plugin, proto, directory, directory, "fast=yes:")
        if done.returncode == 0 or "takes no parameters" not in done.stderr:
            faults.append(f"parameter not refused: {done.stderr}")
    return faults


def main():
    protoc, plugin, *rest = sys.argv[1:]
    faults = compare(protoc, plugin, rest == ["--rewrite"]) + refuse(protoc, plugin)
    print("\n".join(faults) or "golden: as written")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
