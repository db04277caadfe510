"""Every page at both widths, light and dark, with and without script, and as it prints."""

import unittest
from urllib.request import urlopen

# unittest then leaves the frames of this file out of what it prints: the message says it all.
__unittest = True

WIDTHS = [1440, 400]
# A4 less the margins of the browser is 718 pixels wide at 96 an inch; Chromium lays a page out for a third more and
# shrinks it.
PRINTED_WIDTH = 957
# The shortest of this many loads counts: other work on the machine only ever adds.
LOADS = 3
LONGEST_LOAD = 1000


class PageTests(unittest.TestCase):
    """One test per case; `main` makes them."""

    browser = None
    cases = {}
    screenshots = None
    # Rows of the table that is printed at the end.
    measured = []

    def look(self, *checks, **mode):
        """Fails with all that is wrong with the page as it is shown now."""
        with self.subTest(**mode):
            self.expect_none(self.browser.layout_problems(*checks) + self.browser.complaints())

    def expect_none(self, problems):
        if problems:
            self.fail("\n  ".join(["", *problems]))

    def check(self, case):
        browser = self.browser
        for width in WIDTHS:
            browser.open(case.url, width)
            self.look("width", "texts", "contrast", "injection", width=width, mode="light")
            self.check_words(case)
            self.screenshot(case, width, "light")
            browser.emulate(scheme="dark")
            self.look("contrast", width=width, mode="dark")
            self.screenshot(case, width, "dark")
            browser.emulate()
            self.open_folds()
            self.look("width", "texts", width=width, mode="folds open")
            browser.open(case.url, width, runs_script=False)
            self.look("width", "texts", "contrast", "injection", width=width, mode="no script")
            self.check_words(case)
        browser.resize(PRINTED_WIDTH)
        browser.emulate(medium="print")
        self.look("width", "texts", "contrast", width=PRINTED_WIDTH, mode="print")

    def check_words(self, case):
        shown = self.browser.evaluate("return document.body.textContent;")
        self.expect_none([f"the page does not say “{words}”" for words in case.shown_words if words not in shown])

    def open_folds(self):
        self.browser.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true;")

    def screenshot(self, case, width, scheme):
        self.browser.screenshot(self.screenshots / f"{case.name.replace(' ', '-')}-{width}-{scheme}.png")

    def measure(self, case):
        """A page is small and quick to open."""
        with urlopen(case.url) as page:
            size = len(page.read())
        loads = []
        for _ in range(LOADS):
            self.browser.open(case.url)
            loads.append(self.browser.load_times())
        paint, load = (min(times) for times in zip(*loads))
        self.measured.append((case.name, size, paint, load))
        with self.subTest("size"):
            self.assertLessEqual(size, case.size_limit, f"the page has {size:,} bytes")
        with self.subTest("time"):
            self.assertLessEqual(max(paint, load), LONGEST_LOAD, "the page opens too slowly (milliseconds)")


def add_tests(cases):
    """Gives `PageTests` one test of the looks and one of the cost of every case."""
    for case in cases.values():
        words = case.name.replace(" ", "_")
        setattr(PageTests, f"test_{words}", lambda self, case=case: self.check(case))
        setattr(PageTests, f"test_cost_of_{words}", lambda self, case=case: self.measure(case))


def report():
    """The table of sizes and times."""
    lines = [f"{'page':24} {'bytes':>10} {'first paint':>12} {'loaded':>8}"]
    for name, size, paint, load in sorted(PageTests.measured):
        lines.append(f"{name:24} {size:>10,} {paint:>9,.0f} ms {load:>5,.0f} ms")
    return "\n".join(lines)
