# SPDX-License-Identifier: BSD-2-Clause
"""`causeway web` in headless Chromium: `make test-web`. One boot of systems/three_vms.system with counters and control; tests depend on their order."""

import re
import tempfile
import time

import pytest

from browser import Server
from conftest import BOOT_SECONDS, ROOT
from hub import Hub

pytestmark = [pytest.mark.bundled, pytest.mark.browser]
LOOK_SECONDS = 30
# What the terminal of the console that is selected shows.
SCREEN = """const lines = [], buffer = consoles[selected].terminal._core.buffer;
for (let i = 0; i < buffer.lines.length; i++) { lines.push(buffer.translateBufferLineToString(i, true)); }
return lines.join("\\n");"""


@pytest.fixture(scope="module")
def hub(machine):
    text = (ROOT / "systems" / "three_vms.system").read_text(encoding="utf-8")
    text = text.replace('ram="128M">', 'ram="128M" control="true">', 2).replace("</system>", "<stats><console/></stats></system>")
    image = machine.build(machine.write_system("three_vms", text))
    with tempfile.TemporaryDirectory(prefix="causeway-test.") as folder:
        hub = Hub(machine, f"{folder}/s", image, title="three_vms")
        yield hub
        hub.close()


@pytest.fixture(scope="module")
def server(hub):
    for name in ("vm1", "vm2", "vm3"):
        hub.shell(name, BOOT_SECONDS).expect(rf"^{name}:~# ", BOOT_SECONDS)
    server = Server(hub.tool, hub.folder)
    yield server
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()


@pytest.fixture(scope="module")
def page(server):
    from selenium import webdriver  # Debian's python3-selenium, which only this test needs
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,960"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    page = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    page.get(server.url)
    yield page
    page.quit()


def until(page, script, seconds=LOOK_SECONDS):
    """Until the page finds that so; what it found."""
    deadline = time.monotonic() + seconds
    while True:
        found = page.execute_script(script)
        if found:
            return found
        assert time.monotonic() < deadline, f"{script}: {page.execute_script(SCREEN)}\n{page.page_source[:3000]}"
        time.sleep(0.3)


def type_at(page, name, text):
    """Go to a console as a user of the keyboard does, and type."""
    from selenium.webdriver.common.keys import Keys

    page.find_element("xpath", f"//button[@role='tab' and text()='{name}']").send_keys(Keys.SPACE)
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert "xterm" in page.switch_to.active_element.get_attribute("class")
    page.switch_to.active_element.send_keys(text)


def press(page, verb, name):
    button = page.find_element("css selector", f"[aria-label='{verb} {name}']")
    until(page, f"return document.querySelector(\"[aria-label='{verb} {name}']\").getAttribute('aria-disabled') === 'false'")
    button.click()


def test_the_picture_has_all_of_it(page):
    until(page, "return document.querySelectorAll('.link').length === 3")
    assert page.find_element("id", "title").text == "three_vms"
    names = {element.text for element in page.find_elements("css selector", ".node .name")}
    assert names == {"vm1", "vm2", "vm3", "lan"}
    assert [tab.text for tab in page.find_elements("css selector", "[role=tab]")][:3] == ["vm1", "vm2", "vm3"]
    assert page.find_elements("css selector", "#cores meter")


def test_a_console_is_a_terminal_both_ways(page):
    type_at(page, "vm1", "echo TYPED-''HERE; stty size\n")
    until(page, "return " + "(() => {" + SCREEN + "})().includes('TYPED-HERE')")
    # Escape of the keyboard: Ctrl-] leads to the tab.
    from selenium.webdriver.common.keys import Keys

    page.switch_to.active_element.send_keys(Keys.CONTROL + "]")
    assert page.switch_to.active_element.get_attribute("role") == "tab"


def test_traffic_moves(page, machine):
    type_at(page, "vm1", "ping -c 20 192.168.1.2\n")
    until(page, "return [...document.querySelectorAll('.link')].filter((link) => Number(link.dataset.bytes) > 0).length >= 2")
    label = until(page, "return document.querySelector('.link[aria-label*=\"between vm1 and lan\"]').getAttribute('aria-label')")
    assert re.search(r"between vm1 and lan: [0-9.]+ k?B/s out, [0-9.]+ k?B/s back", label), label
    assert page.execute_script("return getComputedStyle(document.querySelector('.flow.moves')).animationName") == "flow"
    page.save_screenshot(str(machine.work_dir / "page.png"))
    until(page, "return " + "(() => {" + SCREEN + "})().includes('20 packets received')", BOOT_SECONDS)


def test_buttons(page):
    why = page.find_element("css selector", "[aria-label='reset vm3']")
    assert why.get_attribute("aria-disabled") == "true" and "control" in why.get_attribute("title")
    press(page, "pause", "vm2")
    until(page, "return document.querySelector('.node.guest.odd .name')?.textContent === 'vm2'")
    press(page, "resume", "vm2")
    until(page, "return document.querySelector('.node.guest.odd') === null")
    type_at(page, "vm2", "clear\n")
    press(page, "reset", "vm2")
    until(page, "return " + "(() => {" + SCREEN + "})().includes('Booting Linux on physical CPU')")
    until(page, "return document.getElementById('events').textContent.includes('vm2: reset: done')")


def test_nothing_is_wrong_with_it(page, server, hub):
    assert page.get_log("browser") == []
    # Each thing that can be pressed or filled in has a name for those who hear it.
    nameless = page.execute_script("""return [...document.querySelectorAll('button, input, [role=button], textarea')].filter((element) =>
        !(element.textContent.trim() || element.getAttribute('aria-label') || element.labels?.length)).map((e) => e.outerHTML)""")
    assert nameless == []
    server.process.kill()
    until(page, "return document.getElementById('status').textContent.includes('has ended')")
    assert hub.shells[0].run("echo alive").strip() == "alive"
