"""The built program, serving, for tests in Python; and the count of cases that scripts/count_results
reads. DYNAKEEP_PROGRAM names the program."""

import os
import random
import re
import signal
import socket
import subprocess

ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "eu-central-1"
START_SECONDS = 300
PORTS = iter(random.sample(range(10_000, 32_000), 22_000))


def free_port():
    """Of loopback, each time another. It lies below the ports that the system gives to connections: a client that tries
    one of those while no server has it can be given the same for its own end, talk to itself, and keep the server from
    coming back."""
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return str(port)
    raise RuntimeError("every port of loopback is taken")


class Server:
    """With flags of `dynakeep serve`, on a loopback port; on the same one when started again."""

    def __init__(self, *flags, environment=None):
        self.flags = flags
        self.variables = environment or {}  # beside this program's own
        self.process = None
        self.endpoint = None
        self.port = free_port()

    def start(self):
        self.process = subprocess.Popen(
            [os.environ["DYNAKEEP_PROGRAM"], "serve", "--port", self.port, *self.flags],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **self.variables})
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = re.search(r" on (http://[0-9.]+:\d+)", line)
            if found:
                self.endpoint = found.group(1)
                return self
        raise RuntimeError("the server did not start: " + "".join(said))

    def kill(self):
        """As a crash would: nothing is finished, nothing flushed."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """As an administrator would; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        return self.process.wait(timeout=START_SECONDS)

    def environment(self, secret=SECRET_ACCESS_KEY):
        """For programs that take their settings from the environment, and from nowhere else."""
        return {**os.environ, "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": secret,
                "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
                "ENDPOINT": self.endpoint}


def print_count(config):
    """The last line of pytest's output, to be called from pytest_unconfigure. What was skipped did not pass."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    passed = len(reporter.stats.get("passed", []))
    others = sum(len(reporter.stats.get(kind, [])) for kind in ("failed", "error", "skipped", "xfailed", "xpassed"))
    print(f"cases: {passed} passed, {others} failed")
