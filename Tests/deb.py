"""What must hold of the package in a root of its own; run by Tests/deb as root, inside a mount
namespace of its own. Usage: deb.py ROOT VERSION NEWER"""

import os
import resource
import secrets
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

ROOT, VERSION, NEWER = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
STATE = ROOT / "var/lib/tillgate"
BOARD = ROOT / "etc/tillgate/board.ini"
# X9.24-1's published test key in a key block, and the key it is protected with.
PROTECTION_KEY = "C1A5E0F2D3B4968778695A4B3C2D1E0F"
BLOCK = (
    "B0120B1TX00N0100KS18FFFF9876543210E0000036024CFC297DE2D9BD86526704FBCFC9"
    "CECF59E501C5C0CB75F1B3F2C49E9036F5455CBA20557EFB"
)


def within(*command, user=None, check=True):
    """Runs a command in the root; returns what it printed."""
    words = ["chroot", *([f"--userspec={user}"] if user else []), str(ROOT), *command]
    done = subprocess.run(words, capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"deb: {shlex.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def require(holds, words):
    if not holds:
        sys.exit(f"deb: not so: {words}")
    print(f"deb: {words}")


def unit():
    """The unit's [Service] section, each key's values in their order."""
    values = {}
    section = None
    for line in (ROOT / "lib/systemd/system/tillgate.service").read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            values.setdefault(key, []).append(value)
    return values


def user_entry(name):
    """Numbers of a user of the root, which this machine does not know."""
    for line in (ROOT / "etc/passwd").read_text().splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return int(fields[2]), int(fields[3])
    sys.exit(f"deb: no user {name}")


def groups_of(name):
    lines = [line.split(":") for line in (ROOT / "etc/group").read_text().splitlines()]
    return {fields[0] for fields in lines if name in fields[3].split(",")}


def files():
    return {path.name: path.read_bytes() for path in STATE.iterdir() if path.is_file()}


def mount():
    for folder in ["dev", "proc", "sys"]:
        kind = ["--rbind", f"/{folder}"] if folder != "proc" else ["-t", "proc", "proc"]
        subprocess.run(["mount", *kind, str(ROOT / folder)], check=True)


def install(version):
    within("dpkg", "--install", f"/tillgate_{version}_amd64.deb")


def provision():
    """A virtual board, a published test key, and a pairing with nobody."""
    (ROOT / "etc/tillgate").mkdir(exist_ok=True)
    BOARD.write_text((ROOT / "usr/share/tillgate/boards/virtual/board.ini").read_text()
                     .replace("directory = state", "directory = /var/lib/tillgate"))
    owner = user_entry("tillgate")
    secret_files = {
        "kbpk": PROTECTION_KEY, "block": BLOCK,
        "pairing": f"controller-secret = {secrets.token_hex(32)}\n"
        f"register-public = {secrets.token_hex(32)}\nrecord-key = {secrets.token_hex(32)}\n",
    }
    for name, text in secret_files.items():
        path = ROOT / "tmp" / name
        path.write_text(text)
        path.chmod(0o600)
        os.chown(path, *owner)
    os.mkfifo(STATE / "stripe.edges", 0o600)
    os.chown(STATE / "stripe.edges", *owner)
    keys = ["/usr/bin/tillgate", "keys"]
    state = ["--state", "/var/lib/tillgate"]
    within(*keys, "load", *state, "--protection-key", "/tmp/kbpk", "--block", "/tmp/block",
           user="tillgate")
    within(*keys, "pair", *state, "--keys", "/tmp/pairing", user="tillgate")


def may_raise_limits():
    try:
        resource.prlimit(os.getpid(), resource.RLIMIT_RTPRIO, (90, 90))
        return True
    except (PermissionError, ValueError):
        return False


def start():
    """Starts what the unit starts, as its user and under its limits, and speaks sd_notify with it.
    Returns milliseconds to READY=1."""
    service = unit()
    (ROOT / "run").mkdir(exist_ok=True)
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(ROOT / "run/notify"))
    os.chmod(ROOT / "run/notify", 0o777)
    manager.settimeout(30)
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: int(service["LimitNOFILE"][0])}
    # A container's root may not raise limits; the program then says what it lacks.
    privileged = may_raise_limits()
    if privileged:
        limits[resource.RLIMIT_RTPRIO] = int(service["LimitRTPRIO"][0])
        limits[resource.RLIMIT_MEMLOCK] = resource.RLIM_INFINITY

    def limit():
        for what, value in limits.items():
            resource.setrlimit(what, (value, value))

    groups = service["SupplementaryGroups"][0].replace(" ", ",")
    environment = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": "/run/notify",
                   "WATCHDOG_USEC": str(int(service["WatchdogSec"][0]) * 1_000_000)}
    began = time.monotonic()
    program = subprocess.Popen(
        ["chroot", "--userspec=tillgate:tillgate", f"--groups={groups}", str(ROOT), "/bin/sh", "-c",
         f"cd {service['WorkingDirectory'][0]} && exec {service['ExecStart'][0]}"],
        preexec_fn=limit, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    heard = []
    try:
        while "WATCHDOG=1" not in heard:
            heard.append(manager.recv(256).decode())
            if heard[-1] == "READY=1":
                ready = (time.monotonic() - began) * 1000
    except TimeoutError:
        program.kill()
        sys.exit(f"deb: heard {heard} from the service, which said:\n{program.stdout.read()}")
    status = Path(f"/proc/{program.pid}/status").read_text()
    program.send_signal(signal.SIGTERM)
    said, _ = program.communicate(timeout=30)
    os.unlink(ROOT / "run/notify")
    require(heard[0] == "READY=1", f"READY=1 after {ready:.0f} ms, then WATCHDOG=1")
    require(program.returncode == 0, "stopped by SIGTERM with exit code 0")
    require("Seccomp:\t2" in status, "ran inside its seccomp filter")
    lacks = ["not locked", "no real-time priority"] if privileged else []
    for lack in [*lacks, "any file may be opened", "any system call"]:
        require(lack not in said, f"did not say '{lack}'")


def main():
    mount()
    install(VERSION)
    mode = STATE.stat()
    owner = user_entry("tillgate")
    require(stat.S_IMODE(mode.st_mode) == 0o700 and (mode.st_uid, mode.st_gid) == owner,
            "/var/lib/tillgate is the service's own, mode 0700")
    require({"dialout", "gpio"} <= groups_of("tillgate"), "the user is in dialout and gpio")
    wanted = ROOT / "etc/systemd/system/multi-user.target.wants/tillgate.service"
    require(wanted.is_symlink(), "the service is enabled")
    for board in sorted((ROOT / "usr/share/tillgate/boards").iterdir()):
        within("/usr/bin/tillgate", "check", f"/usr/share/tillgate/boards/{board.name}/board.ini")
    require(True, "every board file is good for the installed program")
    provision()
    start()
    before = files()
    status = within("/usr/bin/tillgate", "keys", "status", "--state", "/var/lib/tillgate")
    install(NEWER)
    require(within("dpkg-query", "-W", "-f", "${Version}", "tillgate") == NEWER, "upgraded")
    require(files() == before, f"the upgrade left {len(before)} files of keys and state alone")
    start()
    before = files()
    within("dpkg", "--remove", "tillgate")
    require(not (ROOT / "usr/bin/tillgate").exists(), "removed")
    require(files() == before and BOARD.exists(), "removal left keys, state and board file")
    install(VERSION)
    now = within("/usr/bin/tillgate", "keys", "status", "--state", "/var/lib/tillgate")
    require(status.split("keys left")[0] == now.split("keys left")[0],
            "the same key is there after removal and installation")
    within("dpkg", "--purge", "tillgate")
    require(not STATE.exists() and not BOARD.exists(), "purged, with keys and state")
    require(not wanted.is_symlink(), "no longer enabled")


main()
