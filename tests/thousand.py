"""A kit of a thousand techniques and a learner with a hundred thousand answers, for the tests of the routes and of the panel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILL = """
import json
from datetime import UTC, datetime, timedelta
from studykit.progress import Progress
now = datetime.now(UTC)
with Progress() as log:
    rows = [((now - timedelta(minutes=5 * (100_000 - n))).isoformat(timespec='microseconds'), 's', 'quiz', f'copy{n % 900}',
             f'copy{n % 900}-{n % 9000}', json.dumps({'correct': n % 3 > 0, 'score': 0, 'given': 'a'})) for n in range(100_000)]
    log._journal.transaction(lambda: log._journal.connection.executemany(
        'INSERT INTO events (at, session, kind, technique, item, data) VALUES (?, ?, ?, ?, ?, ?)', rows))
    log.rebuild()
"""


def make(folder: Path, home: Path) -> Path:
    """Copy the package with as many copies of a card as are missing to a thousand, and fill a learner's home.

    Args:
        folder: Where the package goes.
        home: The learner's.

    Returns:
        What to put on the path.
    """
    kit = folder / "kit"
    shutil.copytree(ROOT / "studykit", kit / "studykit", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copytree(ROOT / "quizzes", kit / "quizzes")
    (kit / "notebooks").symlink_to(ROOT / "notebooks")
    card = (ROOT / "studykit/optim/sgd.toml").read_text(encoding="utf-8")
    bank = (ROOT / "quizzes/basics/sgd.toml").read_text(encoding="utf-8")
    for n in range(1000 - len(list((kit / "studykit").glob("*/*.toml")))):
        (kit / f"studykit/optim/copy{n}.toml").write_text(card, encoding="utf-8")
        (kit / f"quizzes/basics/copy{n}.toml").write_text(bank.replace('"sgd-', f'"copy{n}-'), encoding="utf-8")
    env = {**os.environ, "STUDYKIT_HOME": str(home), "PYTHONPATH": str(kit)}
    subprocess.run([sys.executable, "-c", FILL], check=True, env=env, cwd=folder)
    return kit
