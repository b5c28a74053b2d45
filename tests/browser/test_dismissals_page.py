"""examples/dismissals_page in a browser, on another origin than the service's: what is closed stays closed."""

import functools
import http.server
import pathlib
import threading

import pytest
import serving
from chromium import Chromium

TESTS = pathlib.Path(__file__).resolve().parent.parent

BANNERS = ["welcome-banner-v2", "release-notes-7", "survey-spring"]


class Pages(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def origin():
    handler = functools.partial(Pages, directory=TESTS.parent / "examples" / "dismissals_page")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def serve(origins):
    return serving.Server("--in-memory", "--dismissals", environment={
        "DISMISSIBLE_CORS_ENABLED": "true", "DISMISSIBLE_CORS_ORIGINS": origins}).start()


@pytest.fixture(scope="module")
def service(origin):
    running = serve(origin)
    yield running.endpoint
    assert running.stop() == 0


@pytest.fixture
def browser(tmp_path):
    running = Chromium(tmp_path / "profile")
    yield running
    running.close()


class Page:
    def __init__(self, browser, origin, service, user):
        self.tab = browser.open(f"{origin}/index.html?service={service}&user={user}")
        self.wait_until_loaded()

    def wait_until_loaded(self):
        self.tab.wait_until("document.querySelector('#banners')?.getAttribute('aria-busy') === 'false'")

    def reload(self):
        # The mark goes with the page.
        self.tab.run("window.before = true")
        self.tab.call("Page.reload")
        self.tab.wait_until("!window.before")
        self.wait_until_loaded()

    def shown(self):
        return self.tab.run("[...document.querySelectorAll('[data-item]')].filter((each) => each.checkVisibility())"
                            ".map((each) => each.dataset.item)")

    def close_banner(self, item):
        self.tab.click(f"[data-item={item}] button")
        self.tab.wait_until(f"!document.querySelector('[data-item={item}]').checkVisibility()")

    def closed(self):
        return self.tab.run("[...document.querySelectorAll('#closed li')].map((line) => line.firstChild.textContent)")

    def trouble(self):
        return self.tab.run("document.querySelector('#trouble').innerText")


def test_a_banner_that_is_closed_stays_closed_and_can_be_shown_again(browser, origin, service):
    page = Page(browser, origin, service, "nina")
    assert page.shown() == BANNERS and page.closed() == []

    page.close_banner("release-notes-7")
    assert page.shown() == ["welcome-banner-v2", "survey-spring"]
    page.reload()
    assert page.shown() == ["welcome-banner-v2", "survey-spring"]
    assert page.closed() == ["New in version 7"]

    page.tab.click("#closed button")
    page.tab.wait_until("document.querySelectorAll('#closed li').length === 0")
    assert page.shown() == BANNERS
    assert page.tab.errors() == [] and page.trouble() == ""


def test_another_device_of_the_user_sees_it_and_another_user_does_not(browser, origin, service):
    desk = Page(browser, origin, service, "ella")
    phone = Page(browser, origin, service, "ella")
    other = Page(browser, origin, service, "miles")
    desk.close_banner("survey-spring")
    phone.reload()
    assert phone.shown() == ["welcome-banner-v2", "release-notes-7"]
    other.reload()
    assert other.shown() == BANNERS


def test_a_tab_that_is_behind_shows_what_is_true_after_a_click(browser, origin, service):
    first = Page(browser, origin, service, "billie")
    second = Page(browser, origin, service, "billie")
    first.close_banner("welcome-banner-v2")
    assert "welcome-banner-v2" in second.shown()
    second.close_banner("welcome-banner-v2")  # which the service refuses, and the page looks again
    assert second.shown() == ["release-notes-7", "survey-spring"]
    assert second.closed() == ["Welcome"] and second.trouble() == ""


def test_a_page_of_an_origin_that_is_not_allowed_shows_no_banner_and_says_so(browser, origin):
    running = serve("https://elsewhere.example")
    page = Page(browser, origin, running.endpoint, "nina")
    assert page.shown() == []
    assert page.trouble().startswith("Cannot tell which banners you closed")
    assert any("CORS" in str(said) for said in page.tab.errors())
    assert running.stop() == 0
