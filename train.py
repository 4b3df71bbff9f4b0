"""Trains a recipe from `models/`, evaluates it, and writes what it learned.

    python train.py houlsby --data_dir DIR --tasks cola mrpc rte stsb

Exit codes: 0 done, 2 wrong arguments or data, 3 the loss is no longer a
number, 4 not enough memory, 5 stopped by SIGTERM, 6 another worker is lost,
130 interrupted (what was trained until then is written all the same). A run
that was stopped or killed goes on if the same command, with its --output_dir,
is given again, to all workers if there are several.
"""

import argparse
import datetime
import signal
import sys

from tf_adapters.command_line.advice import advising
from tf_adapters.runs import results
from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.runs.run import Run
from tf_adapters.runs.scores import evaluate
from tf_adapters.runs.scores import score_table
from tf_adapters.training.checkpoints import StopTraining
from tf_adapters.version import __version__

DONE, WRONG_INPUT, DIVERGED, STOPPED, INTERRUPTED = 0, 2, 3, 5, 130


def main(argv: list[str]) -> int:
    """Trains as the command line says and returns the exit code."""
    return advising("train.py", _main, argv)


def _main(argv: list[str]) -> int:
    name = _recipe_name(argv[:1])
    begun: list[Run] = []

    def stop(*_):
        if not begun:
            raise StopTraining
        begun[0].stop()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        try:
            run = _begin(name, argv[1:])
        except (ValueError, OSError, ImportError) as error:
            print(f"train.py: {error}", file=sys.stderr)
            return WRONG_INPUT
        begun.append(run)
        # Where workers train together, TensorFlow has put its own in its place.
        signal.signal(signal.SIGTERM, stop)
        return _train(run)
    except OSError as error:
        # A full disk, say. What is there already is whole.
        print(f"train.py: {error}", file=sys.stderr)
        return WRONG_INPUT
    except StopTraining:
        print("train.py: stopped. The same command goes on.", file=sys.stderr)
        return STOPPED
    except KeyboardInterrupt:
        # A second Ctrl-C, after the one that ends the training.
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
        for run in begun:
            run.directory.release()


def _begin(name: str, flags: list[str]) -> Run:
    recipe = load_recipe(name)
    config = override(recipe.Config(), flags, f"train.py {name}")
    run = Run(name, recipe, config, config.output_dir or _new_folder(name))
    for task, start in run.started_from.items():
        run.say(f"{task} starts from {start}")
    return run


def _train(run: Run) -> int:
    finished = run.fit()
    if run.diverged:
        print(
            "train.py: the loss is not a number any more. The same command "
            "with a lower --learning_rate goes on from the last good state.",
            file=sys.stderr,
        )
        return DIVERGED
    metrics = evaluate(run)
    run.say(score_table(metrics))
    results.write_logs(run, metrics)
    results.write_bundles(run, metrics)
    if run.config.predict:
        results.write_predictions(run)
    if run.config.export:
        results.write_saved_model(run, metrics)
    if not finished:
        return INTERRUPTED
    run.directory.finish()
    return DONE


def _recipe_name(argv: list[str]) -> str:
    parser = argparse.ArgumentParser(
        prog="train.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="`python train.py RECIPE --help` lists the flags of a recipe.",
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}"
    )
    parser.add_argument("recipe", help="a file of models/, or a path to yours")
    return parser.parse_args(argv).recipe


def _new_folder(name: str) -> str:
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    return f"runs/{name.removesuffix('.py')}-{now}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
