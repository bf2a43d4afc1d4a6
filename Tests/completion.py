"""What bash and fish complete, and what the manual page shows, beside what the program itself says
of its commands, verbs and options. Usage: completion.py PROGRAM; run by Tests/deb."""

import re
import subprocess
import sys
from pathlib import Path

PROGRAM = sys.argv[1]
DEBIAN = Path(__file__).resolve().parent.parent / "boards/debian"
OPTION = re.compile(r"--[a-z][a-z-]*")


def usage(*words):
    """Lines that begin with the program's name: what it prints when a command line lacks words."""
    said = subprocess.run([PROGRAM, *words], capture_output=True, text=True).stderr
    return re.findall(r"^(?:usage:)? *tillgate (.*)$", said, re.MULTILINE)


def command_lines():
    """{(command, verb or ""): options}, of all the program knows."""
    known = {}
    for command in sorted({line.split()[0] for line in usage()}):
        lines = usage(command, "-", "-") if command not in ("run", "check", "version") else [command]
        for line in lines:
            verb = re.match(rf"{command} \[?([a-z][a-z-]*)\b", line)
            place = (command, verb.group(1) if verb else "")
            known.setdefault(place, set()).update(OPTION.findall(line))
    return known


def bash(*words):
    """What the TAB key gives after these words, the last of which is begun."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tillgate; ' \
             'printf "%s\\n" "${COMPREPLY[@]}"'
    return set(subprocess.run(
        ["bash", "-c", script, "-", DEBIAN / "tillgate.bash", "tillgate", *words],
        capture_output=True, text=True, check=True).stdout.split())


def fish(*words):
    line = " ".join(["tillgate", *words])
    script = f"source {DEBIAN}/tillgate.fish; complete -C '{line}'"
    said = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True,
                          check=True).stdout
    return {line.split("\t")[0] for line in said.splitlines()}


def synopsis():
    """The page's synopsis, a plain line for each command line."""
    page = (DEBIAN / "tillgate.8").read_text().replace("\\-", "-")
    part = page.split(".SH SYNOPSIS")[1].split(".SH ")[0]
    plain = re.sub(r"\\f.|\\ ", " ", re.sub(r"^\.(B|I|BR|RB|IR|BI) ", "", part, flags=re.MULTILINE))
    return [" ".join(line.split()) for line in plain.split("\n.br\n")]


def main():
    known = command_lines()
    wrong = []
    if not {("run", ""), ("keys", "load"), ("pair", "open"), ("log", "new-origin")} <= set(known):
        sys.exit(f"completion: the program's usage was not understood: {sorted(known)}")
    commands = {command for command, _ in known}
    for shell in (bash, fish):
        name = shell.__name__
        if shell("") != commands:
            wrong.append(f"{name}: commands {sorted(shell(''))}")
        for command in commands:
            verbs = {verb for of, verb in known if of == command and verb}
            offered = {word for word in shell(command, "") if not word.startswith("-")}
            if verbs and offered != verbs:
                wrong.append(f"{name}: {command}: {sorted(offered)}")
        for (command, verb), options in known.items():
            words = [command, verb] if verb else [command, "board.ini"]
            offered = shell(*words, "--")
            spare = {"--log", "--size"} if command == "log" else set()
            if not options <= offered <= options | spare:
                wrong.append(f"{name}: {command} {verb}: {sorted(offered)}")
    for (command, verb), options in known.items():
        # `pair [open | close | list]` is one line of the page.
        lines = [line for line in synopsis() if re.match(
            rf"tillgate {command}( {verb}\b| \[[a-z |]*\b{verb}\b[a-z |]*\]|$)"
            if verb else rf"tillgate {command}\b", line)]
        if not lines or not options <= set(OPTION.findall(" ".join(lines))):
            wrong.append(f"manual: {command} {verb} {sorted(options)}")
    if wrong:
        sys.exit("completion: not as the program says:\n  " + "\n  ".join(wrong))
    print(f"completion: {len(known)} command lines are in the manual, and completed by bash and fish")


main()
