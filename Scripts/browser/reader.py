"""What a reader can do to a page, and what there is to see then."""

import json
import math
import re
import unittest
from urllib.parse import unquote

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

__unittest = True

# The readout rounds to five significant digits.
READOUT_ERROR = 5e-5
# What the page shows now, of all drawings that are on screen: another page in this state looks the same.
VIEW = """
    const shown = (element) => element.getClientRects().length > 0;
    const texts = (root, selector) => [...root.querySelectorAll(selector)].filter(shown).map((e) => e.textContent);
    const places = (root, selector, name) => [...root.querySelectorAll(selector)].filter(shown).map(
      (e) => Number(e.getAttribute(name)).toFixed(1));
    return [...document.querySelectorAll('figure[data-chart]')].map((figure) => ({
      chart: figure.dataset.chart,
      ticks: texts(figure, '.tick'),
      cursors: places(figure, 'line.cursor', 'x1'),
      hidden: [...figure.querySelectorAll('.plot [data-key]')]
        .filter((e) => getComputedStyle(e).display === 'none').length,
      readout: figure.querySelector('.readout.shown')?.textContent ?? null,
      back: texts(figure, 'button[data-do=back]').length,
    }));
"""
# What can be reached by Tab, in the order of the document.
FOCUSABLE = """
    return [...document.querySelectorAll('a[href], button, select, input, summary, [tabindex="0"]')]
      .filter((e) => e.getClientRects().length > 0).length;
"""
# What has the focus, and whether that is seen; a number tells elements apart.
FOCUSED = """
    const element = document.activeElement;
    if (element === document.body) return null;
    window.numbers ??= new Map();
    if (!window.numbers.has(element)) window.numbers.set(element, window.numbers.size);
    const ring = ({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
    const target = element.querySelector(':scope > .target');
    const isSeen = ring(getComputedStyle(element)) || (target !== null && getComputedStyle(target).stroke !== 'none');
    return { number: window.numbers.get(element), isSeen, isScroller: element.matches('.scroll'),
      words: `${element.tagName} ${element.getAttribute('class') ?? ''} ${element.textContent.trim().slice(0, 40)}` };
"""


class Reader(unittest.TestCase):
    """A test that opens one page and uses it by mouse and keyboard."""

    browser = None
    cases = {}
    # The name of the case that is opened before each test.
    opened = None

    def setUp(self):
        self.case = self.cases[self.opened]
        self.open(self.case.url)

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    # What a reader does

    def open(self, url, width=1440):
        self.browser.open(url, width)
        self.driver = self.browser.driver

    def actions(self):
        return ActionChains(self.driver, duration=0)

    def figure(self, chart="course"):
        return self.driver.find_element(By.ID, f"figure-{chart}")

    def point(self, step, chart="course"):
        """Where a step stands in the first panel of a chart, as an offset from the middle of its drawing.

        The drawing says its frame and its scale; the scale is log(t + 1).
        """
        drawings = self.figure(chart).find_elements(By.CSS_SELECTOR, "svg.chart")
        drawing = next(drawing for drawing in drawings if drawing.is_displayed())
        panel = drawing.find_element(By.CSS_SELECTOR, "g.panel")
        left, top, width, height = map(float, panel.get_attribute("data-frame").split())
        kind, low, high = panel.get_attribute("data-x").split()
        self.assertEqual(kind, "logStep")
        start, end = math.log1p(float(low)), math.log1p(float(high))
        x = left + (math.log1p(step) - start) / (end - start) * width
        # Offsets count from the middle of what is in view.
        self.browser.evaluate("arguments[0].scrollIntoView({ block: 'center' });", drawing)
        box, ratio = self.scale(drawing)
        return drawing, (x - box["width"] / 2) * ratio, (top + height / 2 - box["height"] / 2) * ratio

    def scale(self, drawing):
        """The size of a drawing's view box, and how many pixels of the window one of its units is."""
        box = self.browser.evaluate(
            "const { width, height } = arguments[0].viewBox.baseVal; return { width, height };", drawing)
        return box, drawing.rect["width"] / box["width"]

    def hover(self, step, chart="course"):
        drawing, x, y = self.point(step, chart)
        self.actions().move_to_element_with_offset(drawing, round(x), round(y)).perform()

    def brush(self, low, high, chart="course"):
        drawing, x0, y = self.point(low, chart)
        _, x1, _ = self.point(high, chart)
        start, end = round(x0), round(x1)
        half = (end - start) // 2
        drag = self.actions().move_to_element_with_offset(drawing, start, round(y)).click_and_hold()
        drag.move_by_offset(half, 0).move_by_offset(end - start - half, 0).release().perform()

    def press(self, *keys):
        self.actions().send_keys(*keys).perform()

    def switches(self, chart="course"):
        """The names in a chart's legend that can be switched, as far as they are on screen."""
        keys = self.figure(chart).find_elements(By.CSS_SELECTOR, "g.key[role=button]")
        return [key for key in keys if key.is_displayed()]

    def button(self, action, chart="course"):
        return self.figure(chart).find_element(By.CSS_SELECTOR, f"button[data-do={action}]")

    def rest(self):
        """Takes the pointer away from all charts."""
        self.actions().move_to_element(self.driver.find_element(By.TAG_NAME, "h1")).perform()

    def choose_axis(self, name):
        Select(self.driver.find_element(By.ID, "axis")).select_by_visible_text(name)

    def focus(self, element):
        self.browser.evaluate("arguments[0].focus();", element)

    # What a reader sees

    def view(self):
        return {figure.pop("chart"): figure for figure in self.browser.evaluate(VIEW)}

    def charts(self, kind):
        """The names of the charts of a kind: `checkpoints`, `plane` or `own`."""
        charts = json.loads(self.driver.find_element(By.ID, "data").get_attribute("textContent"))["charts"]
        return [name for name, chart in charts.items() if chart["kind"] == kind]

    def readout(self, chart="course"):
        return self.browser.wait(lambda: self.view()[chart]["readout"], f"no readout in {chart}")

    def ticks(self):
        return {chart: figure["ticks"] for chart, figure in self.view().items()}

    def state(self):
        """The fragment's words: the section under an empty name, all else by its name."""
        section, *words = self.browser.evaluate("return location.hash;")[1:].split("&")
        return {"": section, **{name: unquote(value) for name, _, value in (word.partition("=") for word in words)}}

    def expect_sound_layout(self):
        problems = self.browser.layout_problems("width", "texts")
        if problems:
            self.fail("\n  ".join(["", *problems]))

    def expect_reachable_by_keyboard(self):
        """Tab goes through all that can be used, and what has the focus is seen to have it."""
        expected = self.browser.evaluate(FOCUSABLE)
        seen = {}
        for _ in range(expected * 2):
            self.press(Keys.TAB)
            focused = self.browser.evaluate(FOCUSED)
            if focused is None or focused["number"] in seen:
                break
            seen[focused["number"]] = focused
        self.assertEqual([one["words"] for one in seen.values() if not one["isSeen"]], [], "these show no focus")
        self.assertEqual(len([one for one in seen.values() if not one["isScroller"]]), expected)

    def checkpoints(self, folder):
        """The checkpoints of the analysis in a folder, by step."""
        analysis = json.loads((folder / "analysis.json").read_text())
        return {checkpoint["step"]: checkpoint for checkpoint in analysis["checkpoints"]}

    def assert_holds(self, numbers, value, what):
        is_there = any(math.isclose(number, value, rel_tol=READOUT_ERROR) for number in numbers)
        self.assertTrue(is_there, f"no {value} ({what}) in {numbers}")


def numbers_in(words):
    """All numbers in a text, with commas between thousands and powers of ten as the page writes them."""
    found = re.findall(r"[−-]?\d[\d,]*(?:\.\d+)?(?:e[+−-]?\d+)?", words)
    return [float(number.replace(",", "").replace("−", "-")) for number in found]
