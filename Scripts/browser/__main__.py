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
import test_served
from browser import Browser
from served import served


def main(program, folder, *options):
    # Whatever ends the tests, the browser is closed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(folder).resolve()
    program = Path(program).resolve()
    made = cases.make(program, folder / "cases")
    with served(program, folder / "cases") as address, closing(Browser(folder / "downloads")) as browser:
        made["served"] = cases.Case("served", folder / "cases", address=address, words=(f"run {cases.HOSTILE}",))
        test_pages.add_tests(made)
        for tests in [
            test_pages.PageTests, test_report.ReportTests, test_comparison.ComparisonTests, test_served.ServedTests,
        ]:
            tests.browser = browser
            tests.cases = made
        test_pages.PageTests.screenshots = folder / "screenshots"
        names = ["test_pages", "test_report", "test_comparison", "test_served"]
        tested = unittest.main(module=None, argv=["browser-tests", *names, *options], exit=False, verbosity=2)
    print(test_pages.report())
    return 0 if tested.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
