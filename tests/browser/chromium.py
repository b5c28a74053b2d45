"""A headless Chromium, driven over its debugging pipe: pages as their users meet them."""

import json
import os
import select
import shutil
import subprocess
import time

PATIENCE_SECONDS = 300
PROGRAM = "chromium-headless-shell"


class Chromium:
    """With a profile of its own in a folder that is the caller's."""

    def __init__(self, profile):
        program = shutil.which(PROGRAM)
        assert program, f"{PROGRAM} is not installed; scripts/install_packages does"
        # Messages go to descriptor 3 and come from 4, each ended by a zero byte.
        to_browser, self.into = os.pipe()
        self.out_of, from_browser = os.pipe()
        flags = ["--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run", "--disable-gpu",
                 "--disable-dev-shm-usage", "--no-proxy-server", "--disable-background-networking"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # which root cannot have
        # (Above 4, since four pipe ends are open. A plain sh knows no numbers of two digits.)
        here, there = os.dup(to_browser), os.dup(from_browser)
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", f'exec "$0" "$@" 3<&{here} 4>&{there}', program, *flags, "about:blank"],
            pass_fds=(here, there), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (to_browser, from_browser, here, there):
            os.close(end)
        self.rest = b""
        self.count = 0
        self.events = []

    def message(self, deadline):
        while b"\0" not in self.rest:
            assert select.select([self.out_of], [], [], max(0, deadline - time.monotonic()))[0], "no answer in time"
            more = os.read(self.out_of, 1 << 16)
            assert more, "the browser has ended"
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **params):
        self.count += 1
        request = {"id": self.count, "method": method, "params": params}
        if session:
            request["sessionId"] = session
        os.write(self.into, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            message = self.message(deadline)
            if message.get("id") == self.count:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self.events.append(message)

    def open(self, url):
        return Tab(self, url)

    def close(self):
        self.call("Browser.close")
        for end in (self.into, self.out_of):
            os.close(end)
        self.process.wait(timeout=PATIENCE_SECONDS)


class Tab:
    """A page. What it logs as an error is kept, and uncaught exceptions with it."""

    def __init__(self, browser, url):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def run(self, expression):
        """The value of the JavaScript; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_until(self, expression):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.run(expression):
            assert time.monotonic() < deadline, f"not in time: {expression}\n{self.run('document.body.innerText')}"
            time.sleep(0.02)

    def click(self, selector):
        """As a mouse does: what something else covers is not clicked."""
        place = self.run(f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
                         " return [box.x + box.width / 2, box.y + box.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def errors(self):
        """What it said was wrong so far."""
        self.run("0")
        said = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                said.append(event["params"]["exceptionDetails"])
            elif event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                said.append(event["params"]["entry"])
        return said
