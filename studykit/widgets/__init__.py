"""What a learner touches in a notebook: pictures with knobs, quizzes, drills and experiments.

Each widget is a small Python class beside one ES module; the notebook and the side panel load the same module.
"""

from studykit.widgets.drill import DrillBox
from studykit.widgets.experiment import Curves, Experiment
from studykit.widgets.play import Play
from studykit.widgets.quiz import Quiz

__all__ = ["Curves", "DrillBox", "Experiment", "Play", "Quiz"]
