"""`python -m tf_adapters.tuning.trial_process FOLDER NUMBER`: one trial.

A process of its own gives back the memory that a trial has taken, and its end
is not that of the search. It stops, so that the trial can go on, once its
standard input is closed, as it is when the process that searches has gone.
"""

import os
import pathlib
import signal
import sys
import threading

from etils import epy

from tf_adapters.training.checkpoints import StopTraining
from tf_adapters.tuning.search import Search

with epy.lazy_imports():
    from tf_adapters.tuning import trial

DONE, WRONG_INPUT, STOPPED = 0, 2, 5


def main(argv: list[str]) -> int:
    """Trains a trial and returns the exit code.

    Args:
        argv: the folder of the search and the number of the trial.
    """
    folder, number = argv
    runs: list = []

    def stop(*_):
        if not runs:
            raise StopTraining
        runs[-1].stop()

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_wait_for_the_end, daemon=True).start()
    try:
        trial.train_trial(Search(pathlib.Path(folder)), int(number), runs)
    except StopTraining:
        return STOPPED
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return WRONG_INPUT
    return DONE


def _wait_for_the_end() -> None:
    # Not by `sys.stdin`, whose lock Python wants when it ends.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
