"""What a reader does with a comparison."""

import csv
import io

from reader import Reader, numbers_in

__unittest = True

RUNS = {"tms-seed-A": "ordinary", "tms-seed-B": "seed-B", "tms-seed-C": "seed-C"}


class ComparisonTests(Reader):
    opened = "compare seeds"

    def setUp(self):
        super().setUp()
        folder = self.case.page.parent.parent
        self.measured = {run: self.checkpoints(folder / name) for run, name in RUNS.items()}
        # λ̂ at the steps at which all runs have a usable one.
        usable = [
            {step for step, checkpoint in run.items() if checkpoint["llc"]["quality"] != "unusable"}
            for run in self.measured.values()]
        self.steps = sorted(set.intersection(*usable))

    def test_hovering_shows_every_run(self):
        for width in [1440, 400]:
            self.open(self.case.url, width)
            for step in self.steps[::4]:
                self.hover(step)
                words = self.readout()
                self.assertIn(f"step {step:,}", words)
                numbers = numbers_in(words)
                for run, checkpoints in self.measured.items():
                    self.assertIn(run, words)
                    self.assert_holds(numbers, checkpoints[step]["llc"]["value"], f"λ̂ of {run}")
                    self.assert_holds(numbers, checkpoints[step]["loss"], f"loss of {run}")

    def test_a_run_is_switched_off_everywhere(self):
        key = next(key for key in self.switches() if "tms-seed-B" in key.text)
        marks = "return [...document.querySelectorAll(`.plot [data-key='${CSS.escape(arguments[0])}']`)].filter(" \
            "(mark) => getComputedStyle(mark).display !== 'none').length;"
        name = key.get_attribute("data-key")
        self.assertGreater(self.browser.evaluate(marks, name), 0)
        key.click()
        self.assertEqual(self.browser.evaluate(marks, name), 0)
        self.hover(self.steps[3])
        self.assertNotIn("tms-seed-B", self.readout())
        url = self.driver.current_url
        self.open(url)
        self.assertEqual(self.browser.evaluate(marks, name), 0)

    def test_dragging_zooms_and_back_returns(self):
        ticks = self.ticks()
        self.brush(1000, 50000)
        for chart in self.charts("checkpoints"):
            self.assertNotEqual(self.ticks()[chart], ticks[chart], chart)
        self.expect_sound_layout()
        self.button("back").click()
        self.assertEqual(self.ticks(), ticks)

    def test_the_table_of_the_chart_holds_every_run(self):
        head, *rows = csv.reader(io.StringIO(self.browser.download("course.csv", self.button("csv").click)))
        self.assertEqual(head[0], "step")
        found = {int(row[0]): [float(cell) for cell in row[1:] if cell] for row in rows}
        for run, checkpoints in self.measured.items():
            for step in self.steps:
                for value in [checkpoints[step]["llc"]["value"], checkpoints[step]["loss"]]:
                    self.assertIn(value, found[step], f"{run} at step {step}")
