"""What a reader does with the page that lists runs: opens reports, compares the ones ticked."""

import cases
from reader import Reader
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

__unittest = True


class ServedTests(Reader):
    opened = "served"

    def entry(self, words):
        """The box of the run whose entry says this, and the link to its report."""
        boxes = self.driver.find_elements(By.CSS_SELECTOR, "form input[type=checkbox]")
        around = "return arguments[0].closest('tr, li, article');"
        entry = next(entry for entry in (self.browser.evaluate(around, box) for box in boxes) if words in entry.text)
        return entry.find_element(By.CSS_SELECTOR, "input[type=checkbox]"), entry.find_element(By.TAG_NAME, "a")

    def test_a_report_opens_and_works(self):
        for words in ["tms-seed-A", cases.HOSTILE[:20]]:
            self.open(self.case.url)
            self.entry(words)[1].click()
            self.browser.wait(lambda: words in self.browser.text("h1"), f"the report of {words} does not open")
            buttons = self.driver.find_elements(By.CSS_SELECTOR, "button[data-do=svg]")
            self.assertTrue(buttons, "its script did not run")
            self.assertEqual(self.browser.layout_problems("width", "texts", "injection"), [])

    def test_ticked_runs_are_compared(self):
        for runs_script in [True, False]:
            self.browser.open(self.case.url, runs_script=runs_script)
            names = ["tms-seed-B", "tms-seed-C"]
            for name in names:
                box, _ = self.entry(name)
                box.send_keys(Keys.SPACE)
                self.assertTrue(box.is_selected())
            self.driver.find_element(By.CSS_SELECTOR, "form button").send_keys(Keys.ENTER)
            self.browser.wait(
                lambda: all(name in self.browser.text("h1") for name in names), "the comparison does not open")
            self.assertEqual(self.browser.layout_problems("width", "texts", "injection"), [])

    def test_one_ticked_run_is_too_few_and_it_says_so(self):
        box, _ = self.entry("tms-seed-B")
        box.click()
        self.driver.find_element(By.CSS_SELECTOR, "form button").click()
        self.browser.wait(lambda: "Tick at least two" in self.browser.text(), "nothing says why not")
        # A page of its own says so, with a status of 400.
        self.browser.complaints()

    def test_everything_can_be_reached_by_keyboard(self):
        self.expect_reachable_by_keyboard()
