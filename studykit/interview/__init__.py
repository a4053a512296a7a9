"""A mock interview: it follows the candidate's own words, has one drill and one bug to find, and ends in a report.

Works offline and without torch: what was said is checked by the ledger, a solution by the judge's own process. All that
is asked follows from the settings, with their seed, and the answers so far.
"""

from studykit.interview.engine import Interview
from studykit.interview.keeping import Interviews, keep
from studykit.interview.report import Report
from studykit.interview.settings import Settings
from studykit.interview.turn import Turn

__all__ = ["Interview", "Interviews", "Report", "Settings", "Turn", "keep"]
