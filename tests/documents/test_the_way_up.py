"""docs/the-way-up.md: its commands are run in one shell, one after the other, and say what the page says."""

import os
import pathlib
import re
import signal
import subprocess

import serving

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "the-way-up.md"
PATIENCE_SECONDS = 240
MARK = "=== end of a command: "


def steps_of(text):
    """(command, what it says) of each line behind a "$ " in the blocks named console."""
    steps = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return steps


def on_other_ports(text):
    """The page's ports are anybody's on this machine."""
    names = ("8000", "8001")
    for name in names:
        text = re.sub(rf"(?<=--port ){name}\b|(?<=127\.0\.0\.1:){name}\b", serving.free_port(), text)
    return text


def shell_in(folder):
    """With the programs under the names that the page has for them."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "dynakeep").symlink_to(os.environ["DYNAKEEP_PROGRAM"])
    (programs / "orders").symlink_to(os.environ["ORDERS_PROGRAM"])
    (programs / "aws").symlink_to("/usr/bin/aws")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DYNAKEEP_"))}
    environment = {**kept, "PATH": f"{programs}:{os.environ['PATH']}", "AWS_CONFIG_FILE": os.devnull,
                   "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
                   "NO_PROXY": "127.0.0.1"}
    work = folder / "work"
    work.mkdir()
    return {"cwd": work, "env": environment}


def test_each_command_says_what_the_page_says(tmp_path):
    steps = steps_of(on_other_ports(PAGE.read_text(encoding="utf-8")))
    assert len(steps) > 20
    # What a command says on either stream, up to a line with its exit code.
    script = "exec 2>&1\n" + "".join(f"{command}\necho '{MARK}'$?\n" for command, _ in steps)
    shell = subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True,
                             **shell_in(tmp_path))
    try:
        said, _ = shell.communicate(timeout=PATIENCE_SECONDS)
    finally:
        try:  # servers too, if the page did not come to its end
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    answers = re.split(rf"^{re.escape(MARK)}(\d+)\n", said, flags=re.MULTILINE)
    for (command, expected), answer, code in zip(steps, answers[::2], answers[1::2]):
        assert (answer.splitlines(), code) == (expected, "0"), command
    assert len(answers) == 2 * len(steps) + 1
