"""Runs the commands of a page's section, as they stand there, and holds what they print against what the page shows.

page.py PAGE SECTION BIN. Commands are indented lines that begin with "# "; keys that the page shows stand for those that came. Moments and times differ as they like.
"""

import re
import signal
import subprocess
import sys
import tempfile

KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
VARIES = [(KEY, "KEY"), (re.compile(r"^overlayd: "), ""), (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "MOMENT"), (re.compile(r"time=[\d.]+ ms"), "TIME"), (re.compile(r"never$|\d+ s ago$"), "AGO")]
# What was begun is ready, which is a sleep in the end: the page's reader types slowly.
READY = 'for p in $! $a $b $c $d; do until [ "$(cat /proc/$p/comm)" = sleep ]; do sleep 0.05; done; done'


def plain(line):
    for pattern, word in VARIES:
        line = pattern.sub(word, line)
    return line.strip()


def commands(page, section):
    """Each command with what the page shows behind it; a list in JSON is (file, lines)."""
    found, here = [], False
    text = re.split(r"^## ", page, flags=re.M)
    lines = next(part for part in text if part.startswith(section + "\n")).split("\n")
    for number, line in enumerate(lines):
        if not line.startswith("    "):
            continue
        if here:
            found[-1][0] += "\n" + line[4:]
            here = line.strip() != "END"
        elif line.startswith("    # "):
            found.append([line[6:], []])
            here = "<<'END'" in line
        elif line.startswith("    ["):
            path = re.search(r"`(/tmp/[\w.]+)`", "\n".join(lines[:number])).group(1)
            end = next(k for k in range(number, len(lines)) if lines[k].startswith("    ]"))
            found.append([f"cat >{path} <<'END'\n" + "\n".join(lines[number : end + 1]) + "\nEND", []])
        elif found and not found[-1][0].startswith("cat >"):
            found[-1][1].append(line[4:])
    return found


class Shell:
    def __init__(self):
        self.process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)

    def run(self, command, until=()):
        """What is printed until the command is done, and each of `until` was printed."""
        self.process.stdin.write(command + "\necho page-done\n")
        self.process.stdin.flush()
        missing, said = ["page-done", *until], []
        while missing:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"the shell has ended behind: {command}")
            said.append(line.rstrip("\n"))
            for text in missing:
                if text in line:
                    missing.remove(text)
                    break
        return [line for line in said if line != "page-done"]


def main():
    path, section, programs = sys.argv[1:]
    keys, wrong = {}, 0
    signal.alarm(100)  # whatever hangs
    with tempfile.TemporaryDirectory() as tmp, open(path, encoding="utf-8") as page:
        shell = Shell()
        for command, shown in commands(page.read(), section):
            typed = KEY.sub(lambda key: keys.get(key[0], key[0]), command)
            typed = typed.replace("/tmp/", tmp + "/").replace("$PWD/build/bin", programs)
            said = shell.run(typed, ["serving at"] * typed.count("overlayd --data-dir /run/node &"))
            if "unshare" in typed or "host;" in typed:
                shell.run(READY)
            at = 0
            for line in shown:
                match = next((k for k in range(at, len(said)) if plain(said[k]) == plain(line)), None)
                if match is None:
                    print(f"# {typed}", *said, f"-- the page shows: {line}", sep="\n")
                    wrong += 1
                    break
                keys.update(zip(KEY.findall(line), KEY.findall(said[match])))
                at = match + 1
        shell.process.kill()
    return wrong > 0


sys.exit(main())
