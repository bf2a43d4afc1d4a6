"""The log of the real program, judged by pymerkle and by Go's transparency-log packages (log.go):
root, proofs, signature, tiles."""

import base64
import json
import os
import pathlib
import subprocess

import pytest
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.proof import InvalidProof

from kiosk import Kiosk
from till import PAYMENT, Till

HERE = pathlib.Path(__file__).resolve().parent
RECORDS = 7  # not a power of two


class Log:
    """What `tillgate log` says of a log that a register has witnessed."""

    def __init__(self, kiosk, till):
        self.kiosk, self.sealed, self.witnessed = kiosk, till.sealed, till.tree.root()
        self.key, self.checkpoint = self.tell("key"), self.tell("checkpoint")
        self.records = [json.loads(line) for line in self.tell("export").splitlines()]
        self.folder = pathlib.Path(kiosk.folder.name)
        self.tell("export", "--tiles", "tiles")

    def tell(self, *words):
        return self.kiosk.tillgate("log", *words, "--state", "state")

    def prove(self, *words):
        return json.loads(self.tell("prove", *words))


@pytest.fixture(scope="module")
def log():
    secret = os.urandom(32)
    kiosk = Kiosk(os.environ["FIRMWARE"], secret)
    till = Till(kiosk.line, secret, kiosk.controller, kiosk.record_key)
    for number in range(RECORDS):
        reference = f"log-{number}"
        answer = till.request(
            {0: PAYMENT, 1: reference, 2: 100, 3: 978, 4: 2, 5: 60, 6: 1})
        assert answer[3], answer
        while not any(record[4] == reference for record in till.records):
            kiosk.swipe(speed=30)
            till.pump(3, lambda m: any(record[4] == reference for record in till.records))
    till.pump(0.5)
    kiosk.program.terminate()
    assert kiosk.program.wait(10) == 0, kiosk.said()
    yield Log(kiosk, till)
    kiosk.folder.cleanup()


@pytest.fixture(scope="module")
def tree(log):
    tree = InmemoryTree(algorithm="sha256")
    for record in log.sealed:
        tree.append_entry(record)
    return tree


def test_both_sides_have_the_same_records_and_pymerkle_the_same_root(log, tree):
    assert [bytes.fromhex(record["sealed"]) for record in log.records] == log.sealed
    assert [record["reference"] for record in log.records] == [f"log-{n}" for n in range(RECORDS)]
    size, root = log.checkpoint.split("\n")[1:3]
    assert int(size) == RECORDS and base64.b64decode(root) == tree.get_root() == log.witnessed
    assert log.tell("verify")


@pytest.mark.parametrize("size", [1, 4, 5, RECORDS])
def test_pymerkle_makes_the_same_proofs_of_inclusion_and_takes_ours(log, tree, size):
    for index in range(size):
        ours = log.prove("--index", str(index), "--size", str(size))
        theirs = tree.prove_inclusion(index + 1, size)
        leaf, root = bytes.fromhex(ours["leaf"]), bytes.fromhex(ours["root"])
        assert leaf == tree.get_leaf(index + 1) and root == tree.get_root(size)
        path = [bytes.fromhex(one) for one in ours["path"]]
        # pymerkle's path begins with the leaf itself.
        assert theirs.path[0] == leaf
        theirs.path[1:] = path
        verify_inclusion(leaf, root, theirs)
        if path:
            theirs.path[-1] = bytes(32)
            with pytest.raises(InvalidProof):
                verify_inclusion(leaf, root, theirs)


@pytest.mark.parametrize("old", range(1, RECORDS + 1))
def test_pymerkle_takes_our_roots_as_consistent(log, tree, old):
    # Its own proofs are of another form than RFC 6962's: ours are for Go, below.
    ours = log.prove("--from", str(old))
    assert bytes.fromhex(ours["oldRoot"]) == tree.get_root(old)
    theirs = tree.prove_consistency(old, RECORDS)
    verify_consistency(
        bytes.fromhex(ours["oldRoot"]), bytes.fromhex(ours["root"]), theirs)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    program = tmp_path_factory.mktemp("go") / "log"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
                   "GOFLAGS": "", "GOCACHE": str(program.parent / "cache")}
    subprocess.run(
        ["go", "build", "-o", program, HERE / "log.go"], check=True, env=environment)
    return program


@pytest.fixture
def proofs(log, tmp_path):
    lines = [log.prove("--index", str(n)) for n in range(RECORDS)]
    lines += [log.prove("--from", str(n)) for n in range(1, RECORDS + 1)]
    (tmp_path / "key").write_text(log.key)
    (tmp_path / "checkpoint").write_text(log.checkpoint)
    (tmp_path / "proofs").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def judged(judge, log, folder):
    return subprocess.run(
        [judge, folder / "key", folder / "checkpoint", folder / "proofs", log.folder / "tiles"],
        capture_output=True, text=True)


def test_go_verifies_signature_proofs_and_tiles(judge, log, proofs):
    done = judged(judge, log, proofs)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"checkpoint of {RECORDS} records, {2 * RECORDS} proofs, tiles\n"


def test_go_refuses_what_was_changed(judge, log, proofs):
    checkpoint, lines = log.checkpoint, (proofs / "proofs").read_text()
    (proofs / "checkpoint").write_text(checkpoint.replace(f"\n{RECORDS}\n", f"\n{RECORDS - 1}\n"))
    assert "invalid signature" in judged(judge, log, proofs).stderr
    (proofs / "checkpoint").write_text(checkpoint)
    leaf = json.loads(lines.split("\n")[0])["leaf"]
    (proofs / "proofs").write_text(lines.replace(leaf, "00" * 32, 1))
    assert judged(judge, log, proofs).returncode == 1
    (proofs / "proofs").write_text(lines)
    assert judged(judge, log, proofs).returncode == 0
