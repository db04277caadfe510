"""Headless Chromium, driven by chromedriver."""

import base64
import json
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

LAYOUT = (Path(__file__).parent / "layout.js").read_text()
# Larger captures than this repeat themselves: it is the size of the largest texture.
LARGEST_CAPTURE = 16_000


class Browser:
    """A browser with one page open."""

    def __init__(self, downloads):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.downloads = downloads
        downloads.mkdir(parents=True, exist_ok=True)
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def close(self):
        self.driver.quit()

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def evaluate(self, script, *arguments):
        """Evaluates the body of a JavaScript function in the page, also where the page itself may run none."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, what, seconds=5):
        """Waits for a condition and returns its value."""
        return WebDriverWait(self.driver, seconds, poll_frequency=0.02).until(lambda _: condition(), what)

    def open(self, url, width=1440, runs_script=True):
        """Loads a page anew; what was logged before is forgotten."""
        self.driver.get("about:blank")
        self.command("Emulation.setScriptExecutionDisabled", value=not runs_script)
        self.resize(width)
        self.emulate(scheme="light")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(url)

    def resize(self, width, height=900):
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def emulate(self, scheme="light", medium=""):
        self.command(
            "Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def complaints(self):
        """What the console said, violations of the content-security policy among it, and requests but for the page."""
        found = [f"console: {entry['message']}" for entry in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] != "Network.requestWillBeSent":
                continue
            request = message["params"]
            if request.get("type") != "Document" and not request["request"]["url"].startswith("blob:"):
                found.append(f"request of {request['request']['url']}")
        return found

    def layout_problems(self, *checks):
        """What `layout.js` finds by the named checks."""
        return self.evaluate(LAYOUT, list(checks))

    def text(self, selector="body"):
        """What the first such element says, asked in one go: elements go stale while one page follows another."""
        return self.evaluate("return document.querySelector(arguments[0])?.innerText ?? '';", selector)

    def load_times(self):
        """Milliseconds from the start of the navigation to the first paint of contents and to the load event's end."""
        return self.wait(
            lambda: self.evaluate(
                "const [load] = performance.getEntriesByType('navigation');"
                "const [paint] = performance.getEntriesByName('first-contentful-paint');"
                "return paint && load.loadEventEnd ? [paint.startTime, load.loadEventEnd] : null;"),
            "the page was never painted")

    def screenshot(self, path):
        """Saves the whole page, or as much of it as one capture can hold."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], LARGEST_CAPTURE), "scale": 1}
        image = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(image["data"]))

    def pdf(self):
        """The page as it prints."""
        return base64.b64decode(self.command("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])

    def download(self, name, act):
        """What arrives under a name once `act` was done."""
        path = self.downloads / name
        path.unlink(missing_ok=True)
        act()
        self.wait(lambda: path.exists() and path.stat().st_size > 0, f"no download arrived as {name}")
        return path.read_bytes().decode()
