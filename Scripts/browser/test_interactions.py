"""What a reader does with a report: hovers, walks by keys, zooms, switches, downloads, shares the address, prints."""

import csv
import io
import json
import math
import re
import unittest
import xml.etree.ElementTree as XML
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
      hidden: [...figure.querySelectorAll('.plot [data-key]')].filter((e) => getComputedStyle(e).display === 'none').length,
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
    const ring = (e) => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' && Number.parseFloat(s.outlineWidth) > 0; };
    const target = element.querySelector(':scope > .target');
    const isSeen = ring(element) || (target !== null && getComputedStyle(target).stroke !== 'none');
    return { number: window.numbers.get(element), isSeen, isScroller: element.matches('.scroll'),
      words: `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''} ${element.textContent.trim().slice(0, 40)}` };
"""


class InteractionTests(unittest.TestCase):
    browser = None
    cases = {}

    def setUp(self):
        self.case = self.cases["ordinary"]
        self.analysis = json.loads((self.case.page.parent / "analysis.json").read_text())
        self.checkpoints = {checkpoint["step"]: checkpoint for checkpoint in self.analysis["checkpoints"]}
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
        drawing = next(svg for svg in self.figure(chart).find_elements(By.CSS_SELECTOR, "svg.chart") if svg.is_displayed())
        panel = drawing.find_element(By.CSS_SELECTOR, "g.panel")
        left, top, width, height = map(float, panel.get_attribute("data-frame").split())
        kind, low, high = panel.get_attribute("data-x").split()
        self.assertEqual(kind, "logStep")
        start, end = math.log1p(float(low)), math.log1p(float(high))
        x = left + (math.log1p(step) - start) / (end - start) * width
        box, ratio = self.scale(drawing)
        return drawing, (x - box["width"] / 2) * ratio, (top + height / 2 - box["height"] / 2) * ratio

    def scale(self, drawing):
        """The size of a drawing's view box, and how many pixels of the window one of its units is."""
        box = self.browser.evaluate("const { width, height } = arguments[0].viewBox.baseVal; return { width, height };", drawing)
        return box, drawing.rect["width"] / box["width"]

    def hover(self, step, chart="course"):
        drawing, x, y = self.point(step, chart)
        self.actions().move_to_element_with_offset(drawing, round(x), round(y)).perform()

    def brush(self, low, high, chart="course"):
        drawing, x0, y = self.point(low, chart)
        _, x1, _ = self.point(high, chart)
        self.actions().move_to_element_with_offset(drawing, round(x0), round(y)).click_and_hold().move_by_offset(
            round((x1 - x0) / 2), 0).move_by_offset(round(x1) - round(x0) - round((x1 - x0) / 2), 0).release().perform()

    def press(self, *keys):
        self.actions().send_keys(*keys).perform()

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

    def state(self):
        """The fragment's words: the section under an empty name, all else by its name."""
        section, *words = self.browser.evaluate("return location.hash;")[1:].split("&")
        return {"": section, **{name: unquote(value) for name, _, value in (word.partition("=") for word in words)}}

    def expect_sound_layout(self):
        problems = self.browser.layout_problems("width", "texts")
        if problems:
            self.fail("\n  ".join(["", *problems]))

    def assert_holds(self, numbers, value, what):
        self.assertTrue(
            any(math.isclose(number, value, rel_tol=READOUT_ERROR) for number in numbers), f"no {value} ({what}) in {numbers}")

    # The tests

    def test_hovering_shows_a_checkpoint_in_all_charts(self):
        for width in [1440, 400]:
            self.open(self.case.url, width)
            for step in sorted(self.checkpoints)[4::5]:
                checkpoint = self.checkpoints[step]
                self.hover(step)
                words = self.readout()
                self.assertIn(f"step {step:,}", words)
                numbers = numbers_in(words)
                self.assert_holds(numbers, checkpoint["loss"], "loss")
                self.assert_holds(numbers, checkpoint["llc"]["value"], "λ̂")
                for chart, figure in self.view().items():
                    if chart in self.charts("checkpoints"):
                        self.assertTrue(figure["cursors"], f"no cursor in {chart}")
            self.assertEqual(self.browser.layout_problems("width"), [])

    def test_the_cursor_of_other_charts_is_at_the_same_checkpoint(self):
        step = sorted(self.checkpoints)[10]
        self.hover(step)
        self.readout()
        for chart in self.charts("checkpoints"):
            drawing, x, _ = self.point(step, chart)
            box, ratio = self.scale(drawing)
            expected = x / ratio + box["width"] / 2
            for place in self.view()[chart]["cursors"]:
                self.assertAlmostEqual(float(place), expected, delta=0.2, msg=chart)

    def test_leaving_a_chart_takes_the_cursor_away(self):
        self.hover(sorted(self.checkpoints)[10])
        self.readout()
        self.actions().move_to_element(self.driver.find_element(By.TAG_NAME, "h1")).perform()
        self.browser.wait(lambda: not self.view()["course"]["readout"], "the readout stays")

    def test_arrow_keys_walk_over_checkpoints(self):
        steps = sorted(self.checkpoints)
        self.focus(self.figure())
        self.press(Keys.HOME)
        self.assertEqual(self.state()["at"], str(steps[0]))
        self.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.assertEqual(self.state()["at"], str(steps[2]))
        self.assertIn(f"step {steps[2]:,}", self.readout())
        self.press(Keys.ARROW_LEFT)
        self.assertEqual(self.state()["at"], str(steps[1]))
        self.press(Keys.END)
        self.assertEqual(self.state()["at"], str(steps[-1]))
        self.press(Keys.ESCAPE)
        self.assertNotIn("at", self.state())

    def test_dragging_zooms_all_charts_and_back_returns(self):
        before = self.view()
        self.brush(1000, 50000)
        state = self.state()
        self.assertAlmostEqual(float(state["from"]), 1000, delta=30)
        self.assertAlmostEqual(float(state["to"]), 50000, delta=1500)
        zoomed = self.view()
        for chart in self.charts("checkpoints"):
            self.assertNotEqual(zoomed[chart]["ticks"], before[chart]["ticks"], chart)
            self.assertEqual(zoomed[chart]["back"], 1, chart)
        self.expect_sound_layout()
        self.figure(self.charts("checkpoints")[-1]).find_element(By.CSS_SELECTOR, "button[data-do=back]").click()
        self.assertEqual({name: figure["ticks"] for name, figure in self.view().items()},
                         {name: figure["ticks"] for name, figure in before.items()})
        self.assertNotIn("from", self.state())

    def test_dragging_in_a_plane_zooms_that_plane(self):
        before = self.view()
        plane = self.charts("plane")[0]
        drawing = self.figure(plane).find_element(By.CSS_SELECTOR, "svg.chart")
        self.actions().move_to_element(drawing).click_and_hold().move_by_offset(20, 10).move_by_offset(40, 30).release().perform()
        changed = [name for name, figure in self.view().items() if figure["ticks"] != before[name]["ticks"]]
        self.assertEqual(changed, [plane])
        self.figure(plane).find_element(By.CSS_SELECTOR, "button[data-do=back]").click()
        self.assertEqual(self.view()[plane]["ticks"], before[plane]["ticks"])

    def test_the_axis_can_be_chosen(self):
        before = self.view()
        choice = Select(self.driver.find_element(By.ID, "axis"))
        names = [option.text for option in choice.options]
        self.assertGreaterEqual(len(names), 2)
        for name in names[1:]:
            choice.select_by_visible_text(name)
            self.assertEqual(self.state()["axis"], name)
            for chart in self.charts("checkpoints"):
                self.assertNotEqual(self.view()[chart]["ticks"], before[chart]["ticks"], f"{chart} over {name}")
            self.expect_sound_layout()
        choice.select_by_visible_text(names[0])
        self.assertEqual(self.view(), before)

    def test_series_are_switched_by_mouse_and_by_keys(self):
        for use in [lambda key: key.click(), lambda key: (self.focus(key), self.press(Keys.ENTER)),
                    lambda key: (self.focus(key), self.press(Keys.SPACE))]:
            switches = self.figure().find_elements(By.CSS_SELECTOR, "g.key[role=button]")
            key = next(switch for switch in switches if switch.is_displayed())
            name = key.get_attribute("data-key")
            use(key)
            self.assertEqual(key.get_attribute("aria-pressed"), "false")
            self.assertGreater(self.view()["course"]["hidden"], 0)
            self.assertIn(name, self.state()["off"].split(","))
            use(key)
            self.assertEqual(key.get_attribute("aria-pressed"), "true")
            self.assertEqual(self.view()["course"]["hidden"], 0)
            self.assertNotIn("off", self.state())

    def test_a_link_shows_what_its_sender_saw(self):
        Select(self.driver.find_element(By.ID, "axis")).select_by_index(1)
        self.driver.find_element(By.CSS_SELECTOR, "nav a").click()
        self.focus(self.figure())
        self.press(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        next(key for key in self.figure().find_elements(By.CSS_SELECTOR, "g.key[role=button]") if key.is_displayed()).click()
        Select(self.driver.find_element(By.ID, "axis")).select_by_index(0)
        self.brush(100, 50000)
        self.actions().move_to_element(self.driver.find_element(By.TAG_NAME, "h1")).perform()
        state, seen, url = self.state(), self.view(), self.driver.current_url
        for word in ["at", "off", "from", "to"]:
            self.assertIn(word, state)
        self.open(url)
        self.assertEqual(self.view(), seen)
        self.assertEqual(self.state(), state)

    def test_an_address_that_says_nonsense_does_no_harm(self):
        plain = self.view()
        for fragment in ["&axis=nonsense", "&from=9&to=3", "&at=-5", "&off=%E0%A4%A,x", "&view.course=1,2", "&open=999", "%", "&&=&"]:
            self.open(f"{self.case.url}#{fragment}")
            self.assertEqual({name: f["ticks"] for name, f in self.view().items()}, {n: f["ticks"] for n, f in plain.items()}, fragment)

    def test_a_link_to_a_section_scrolls_there(self):
        for section in ["settings", "diagnostics"]:
            self.open(f"{self.case.url}#{section}")
            top = "return document.getElementById(arguments[0]).getBoundingClientRect().top;"
            self.browser.wait(lambda: abs(self.browser.evaluate(top, section)) < 100, f"{section} is not in view")

    def test_downloads_hold_what_the_analysis_holds(self):
        # Chromium refuses more than ten downloads in a second.
        for chart in ["course", "movement", self.charts("plane")[0], self.charts("own")[0]]:
            button = self.figure(chart).find_element(By.CSS_SELECTOR, "button[data-do=svg]")
            drawing = self.browser.download(f"{chart}.svg", button.click)
            root = XML.fromstring(drawing)
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertNotIn("<script", drawing)
        table = self.browser.download(
            "course.csv", self.figure().find_element(By.CSS_SELECTOR, "button[data-do=csv]").click)
        head, *rows = csv.reader(io.StringIO(table))
        self.assertEqual(head[0], "step")
        self.assertEqual([int(row[0]) for row in rows], sorted(self.checkpoints))
        for row in rows:
            checkpoint = self.checkpoints[int(row[0])]
            numbers = [float(cell) for cell in row[1:] if cell]
            for value in [checkpoint["loss"], checkpoint["llc"]["value"], checkpoint["llc"]["standardError"]]:
                self.assertIn(value, numbers)

    def test_everything_can_be_reached_and_seen_by_keyboard(self):
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

    def test_folds_open_by_keyboard(self):
        fold = self.figure().find_element(By.TAG_NAME, "details")
        self.focus(fold.find_element(By.TAG_NAME, "summary"))
        self.press(Keys.ENTER)
        self.assertTrue(fold.find_element(By.TAG_NAME, "table").is_displayed())

    def test_it_prints(self):
        paper = self.browser.pdf()
        self.assertEqual(paper[:5], b"%PDF-")
        self.assertGreater(len(re.findall(rb"/Type\s*/Page\b", paper)), 1)


def numbers_in(words):
    """All numbers in a text, with commas between thousands and powers of ten as the page writes them."""
    found = re.findall(r"[−-]?\d[\d,]*(?:\.\d+)?(?:e[+−-]?\d+)?", words)
    return [float(number.replace(",", "").replace("−", "-")) for number in found]
