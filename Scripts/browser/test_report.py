"""What a reader does with a report: hovers, walks by keys, zooms, switches, downloads, shares the address, prints."""

import csv
import io
import re
import xml.etree.ElementTree as XML

from reader import Reader, numbers_in
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

__unittest = True


class ReportTests(Reader):
    opened = "ordinary"

    def setUp(self):
        super().setUp()
        self.measured = self.checkpoints(self.case.page.parent)

    def test_hovering_shows_a_checkpoint_in_all_charts(self):
        for width in [1440, 400]:
            self.open(self.case.url, width)
            for step in sorted(self.measured)[4::5]:
                checkpoint = self.measured[step]
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
        step = sorted(self.measured)[10]
        self.hover(step)
        self.readout()
        for chart in self.charts("checkpoints"):
            drawing, x, _ = self.point(step, chart)
            box, ratio = self.scale(drawing)
            expected = x / ratio + box["width"] / 2
            for place in self.view()[chart]["cursors"]:
                self.assertAlmostEqual(float(place), expected, delta=0.2, msg=chart)

    def test_leaving_a_chart_takes_the_cursor_away(self):
        self.hover(sorted(self.measured)[10])
        self.readout()
        self.rest()
        self.browser.wait(lambda: not self.view()["course"]["readout"], "the readout stays")

    def test_arrow_keys_walk_over_checkpoints(self):
        steps = sorted(self.measured)
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
        ticks = self.ticks()
        self.brush(1000, 50000)
        state = self.state()
        self.assertAlmostEqual(float(state["from"]), 1000, delta=30)
        self.assertAlmostEqual(float(state["to"]), 50000, delta=1500)
        zoomed = self.view()
        for chart in self.charts("checkpoints"):
            self.assertNotEqual(zoomed[chart]["ticks"], ticks[chart], chart)
            self.assertEqual(zoomed[chart]["back"], 1, chart)
        self.expect_sound_layout()
        self.button("back", self.charts("checkpoints")[-1]).click()
        self.assertEqual(self.ticks(), ticks)
        self.assertNotIn("from", self.state())

    def test_dragging_in_a_plane_zooms_that_plane(self):
        ticks = self.ticks()
        plane = self.charts("plane")[0]
        drawing = self.figure(plane).find_element(By.CSS_SELECTOR, "svg.chart")
        drag = self.actions().move_to_element(drawing).click_and_hold()
        drag.move_by_offset(20, 10).move_by_offset(40, 30).release().perform()
        self.assertEqual([chart for chart, shown in self.ticks().items() if shown != ticks[chart]], [plane])
        self.button("back", plane).click()
        self.assertEqual(self.ticks(), ticks)

    def test_the_axis_can_be_chosen(self):
        before = self.view()
        names = [option.text for option in self.driver.find_elements(By.CSS_SELECTOR, "#axis option")]
        self.assertEqual(names, ["log step", "step", "tokens", "log tokens"])
        for name in names[1:]:
            self.choose_axis(name)
            self.assertEqual(self.state()["axis"], name)
            for chart in self.charts("checkpoints"):
                self.assertNotEqual(self.ticks()[chart], before[chart]["ticks"], f"{chart} over {name}")
            self.expect_sound_layout()
        self.choose_axis(names[0])
        self.assertEqual(self.view(), before)

    def test_over_steps_checkpoints_are_spaced_by_steps(self):
        steps = sorted(self.measured)
        # Tokens are a multiple of steps in this run.
        for name in ["step", "tokens"]:
            self.choose_axis(name)
            self.focus(self.figure())
            self.press(Keys.HOME)
            places = []
            for _ in steps:
                places.append(float(self.view()["course"]["cursors"][0]))
                self.press(Keys.ARROW_RIGHT)
            for step, place in zip(steps, places):
                expected = places[0] + (places[-1] - places[0]) * (step - steps[0]) / (steps[-1] - steps[0])
                self.assertAlmostEqual(place, expected, delta=0.2, msg=f"{step} over {name}")

    def test_series_are_switched_by_mouse_and_by_keys(self):
        for use in [lambda key: key.click(), lambda key: (self.focus(key), self.press(Keys.ENTER)),
                    lambda key: (self.focus(key), self.press(Keys.SPACE))]:
            key = self.switches()[0]
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
        self.driver.find_element(By.CSS_SELECTOR, "nav a").click()
        self.focus(self.figure())
        self.press(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.switches()[0].click()
        self.brush(100, 50000)
        self.choose_axis("tokens")
        self.rest()
        state, seen, url = self.state(), self.view(), self.driver.current_url
        for word in ["at", "off", "from", "to", "axis"]:
            self.assertIn(word, state)
        self.open(url)
        self.assertEqual(self.view(), seen)
        self.assertEqual(self.state(), state)

    def test_an_address_that_says_nonsense_does_no_harm(self):
        plain = self.ticks()
        for fragment in [
            "&axis=nonsense", "&from=9&to=3", "&at=-5", "&off=%E0%A4%A,x", "&view.course=1,2", "&open=999", "%", "&&=&",
        ]:
            self.open(f"{self.case.url}#{fragment}")
            self.assertEqual(self.ticks(), plain, fragment)

    def test_a_link_to_a_section_scrolls_there(self):
        for section in ["settings", "diagnostics"]:
            self.open(f"{self.case.url}#{section}")
            top = "return document.getElementById(arguments[0]).getBoundingClientRect().top;"
            self.browser.wait(lambda: abs(self.browser.evaluate(top, section)) < 100, f"{section} is not in view")

    def test_downloads_hold_what_the_analysis_holds(self):
        # Chromium refuses more than ten downloads in a second.
        for chart in ["course", "movement", self.charts("plane")[0], self.charts("own")[0]]:
            drawing = self.browser.download(f"{chart}.svg", self.button("svg", chart).click)
            root = XML.fromstring(drawing)
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertNotIn("<script", drawing)
        table = self.browser.download("course.csv", self.button("csv").click)
        head, *rows = csv.reader(io.StringIO(table))
        self.assertEqual(head[0], "step")
        self.assertEqual([int(row[0]) for row in rows], sorted(self.measured))
        for row in rows:
            checkpoint = self.measured[int(row[0])]
            numbers = [float(cell) for cell in row[1:] if cell]
            for value in [checkpoint["loss"], checkpoint["llc"]["value"], checkpoint["llc"]["standardError"]]:
                self.assertIn(value, numbers)

    def test_everything_can_be_reached_and_seen_by_keyboard(self):
        self.expect_reachable_by_keyboard()

    def test_folds_open_by_keyboard(self):
        fold = self.figure().find_element(By.TAG_NAME, "details")
        self.focus(fold.find_element(By.TAG_NAME, "summary"))
        self.press(Keys.ENTER)
        self.assertTrue(fold.find_element(By.TAG_NAME, "table").is_displayed())

    def test_it_prints(self):
        paper = self.browser.pdf()
        self.assertEqual(paper[:5], b"%PDF-")
        self.assertGreater(len(re.findall(rb"/Type\s*/Page\b", paper)), 1)
