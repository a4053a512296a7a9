"""What a learner touches in a notebook: pictures with knobs, quizzes, drills, experiments, and fields to ask.

Each widget is a small Python class, and those that draw stand beside one ES module; notebook and side panel load the same one.
"""

from studykit.widgets.ask import Ask
from studykit.widgets.drill import DrillBox
from studykit.widgets.experiment import Curves, Experiment
from studykit.widgets.play import Play
from studykit.widgets.quiz import Quiz

__all__ = ["Ask", "Curves", "DrillBox", "Experiment", "Play", "Quiz"]
