"""python3 Scripts/browser PROGRAM FOLDER [-k PATTERN …]: makes the pages in FOLDER with PROGRAM and tests them."""

import signal
import sys
import unittest
from contextlib import closing
from pathlib import Path

import cases
import test_comparison
import test_pages
import test_report
from browser import Browser


def main(program, folder, *options):
    # Whatever ends the tests, the browser is closed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(folder).resolve()
    made = cases.make(Path(program).resolve(), folder / "cases")
    test_pages.add_tests(made)
    with closing(Browser(folder / "downloads")) as browser:
        for tests in [test_pages.PageTests, test_report.ReportTests, test_comparison.ComparisonTests]:
            tests.browser = browser
            tests.cases = made
        test_pages.PageTests.screenshots = folder / "screenshots"
        names = ["test_pages", "test_report", "test_comparison"]
        tested = unittest.main(module=None, argv=["browser-tests", *names, *options], exit=False, verbosity=2)
    print(test_pages.report())
    return 0 if tested.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
