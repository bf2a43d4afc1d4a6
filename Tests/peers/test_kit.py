"""The register kit's examples, in C and in Python, pay at the real program; its header is C99 and C++."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from cable import Till

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]


@pytest.fixture(scope="module")
def kit():
    """The folder that `boards/toolchain/kit` filled."""
    path = os.environ.get("KIT")
    assert path and os.path.isdir(path), "set KIT to the built register kit"
    return pathlib.Path(path).resolve()


def flags(kit, *what):
    environment = dict(os.environ, PKG_CONFIG_PATH=str(kit / "lib/pkgconfig"))
    said = subprocess.run(["pkg-config", *what, "tillregister"], env=environment, check=True,
                          capture_output=True, text=True)
    return said.stdout.split()


@pytest.fixture(scope="module")
def examples(kit, tmp_path_factory):
    """The commands of the example: in C with the shared and the static library, in Python."""
    folder = tmp_path_factory.mktemp("examples")
    source = str(ROOT / "docs/examples/pay.c")
    shared, static = folder / "pay-shared", folder / "pay-static"
    cc = ["gcc", "-std=c99", *STRICT, *flags(kit, "--cflags"), source]
    subprocess.run([*cc, *flags(kit, "--libs"), f"-Wl,-rpath,{kit}/lib", "-o", shared], check=True)
    archive = [word.replace("-ltillregister", "-l:libtillregister.a")
               for word in flags(kit, "--libs", "--static")]
    subprocess.run([*cc, *archive, "-o", static], check=True)
    pair = folder / "pair"
    cc[-1] = str(ROOT / "docs/examples/pair.c")
    subprocess.run([*cc, *flags(kit, "--libs"), f"-Wl,-rpath,{kit}/lib", "-o", pair], check=True)
    os.environ["TILLREGISTER"] = str(kit / "lib/libtillregister.so")
    return {"pair": [str(pair)], "c": [str(shared)], "c-static": [str(static)],
            "python": [sys.executable, str(ROOT / "docs/examples/pay.py")]}


@pytest.mark.parametrize("which", ["c", "c-static", "python"])
def test_an_example_pays(examples, till, which):
    status, said, error = till.pay(examples[which], "kit-1", "1250")
    assert (status, error) == (0, ""), said
    assert "captured" in said and "outcome: captured" in said
    assert "record 0: 1250, card 411111******1111" in said
    status, said, error = till.pay(examples[which], "kit-2", "990", "A12345")
    assert (status, error) == (0, ""), said
    assert "authorising" in said and "outcome: approved" in said
    # The store held record 0: it does not come again.
    assert [line for line in said if line.startswith("record")] == [
        "record 1: 990, card 411111******1111", "record 2: 990"]
    sizes = till.records.read_bytes()
    assert len(sizes) > 24


def test_a_used_reference_is_refused(examples, till):
    assert till.pay(examples["c"], "twice", "100")[0] == 0
    status, said, _ = till.pay(examples["c"], "twice", "200")
    assert status == 1 and said == ["refused: not possible"]


def test_a_drip_fed_line_pays(examples, tmp_path):
    till = Till(tmp_path, chunk=1)
    try:
        assert till.pay(examples["c"], "drip", "100", "A1")[0] == 0
    finally:
        till.close()


def test_keys_that_are_none_are_named(examples, till):
    till.keys.write_text("register-secret = 00\n")
    status, said, error = till.pay(examples["c"], "keys", "100")
    assert status == 2 and said == [] and "64 hexadecimal digits" in error


@pytest.mark.parametrize("compiler", [
    ["gcc", "-std=c99"], ["gcc", "-std=c17"], ["g++", "-std=c++11"], ["clang", "-std=c99"],
    ["clang++", "-std=c++17"]])
def test_the_header_stands_alone(kit, compiler, tmp_path):
    suffix = ".cpp" if "++" in compiler[0] else ".c"
    source = tmp_path / ("header" + suffix)
    source.write_text("#include <tillregister.h>\nint main(void) { return 0; }\n")
    subprocess.run([*compiler, *STRICT, *flags(kit, "--cflags"), "-fsyntax-only", source],
                   check=True)


def test_misuse_gives_errors_and_nothing_leaks(kit, tmp_path):
    program = tmp_path / "misuse"
    archive = [word.replace("-ltillregister", "-l:libtillregister.a")
               for word in flags(kit, "--libs", "--static")]
    subprocess.run(
        ["gcc", "-std=c99", "-g", *STRICT, "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all", *flags(kit, "--cflags"), ROOT / "Tests/Kit/misuse.c",
         *archive, "-o", program], check=True)
    done = subprocess.run([program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "0 failures\n"), done.stdout + done.stderr


def type_code(examples, till, window, keys, change=0):
    """Pairs by the code that the program shows, or by another one: exit status and what was said."""
    program = subprocess.Popen([*examples["pair"], till.line, str(keys), "kit till"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    code = next(filter(None, (re.match(r"code (\d{6})", line) for line in window.stdout)))
    typed = (int(code[1]) + change) % 1000000
    said, _ = program.communicate(f"{typed:06}\n", timeout=60)
    return program.wait(), said


def test_a_new_register_pairs_and_pays(examples, till, tmp_path):
    wrong = tmp_path / "wrong"
    with subprocess.Popen([till.kiosk.firmware, "pair", "--state", "state"],
                          cwd=till.kiosk.folder.name, stdout=subprocess.PIPE, text=True) as window:
        status, said = type_code(examples, till, window, wrong, change=1)
        assert status == 1 and "refused, reason 1" in said and not wrong.exists()
        till.keys = tmp_path / "paired"
        status, said = type_code(examples, till, window, till.keys)
    assert status == 0 and said.endswith("paired\n") and till.keys.stat().st_mode & 0o777 == 0o600
    assert till.pay(examples["c"], "paired-1", "700", "A1")[0] == 0
