"""Mean and spread of dev scores over run directories that differ by seed.

    python benchmarks/summarise_runs.py runs/houlsby_0 runs/houlsby_1 \
        runs/houlsby_2

Runs are put together by their configuration, seed and place aside. Prints, in
points of 100, mean and sample deviation of every metric: once for the epoch
with the best mean score, which the run kept, and once for the last epoch.
"""

import argparse
import pathlib
import statistics

import run_directories


def kept(metrics):
    """Returns the scores of the epoch that was kept, by `task_metric`."""
    return {
        f"{task}_{metric}": value
        for task, scores in metrics["dev"].items()
        for metric, value in scores.items()
    }


def last(metrics):
    """Returns the scores of the last epoch, by `task_metric`."""
    return {key: metrics["history"][-1][f"val_{key}"] for key in kept(metrics)}


def line(name, values):
    """Returns the mean and the spread of fractions, in points."""
    points = [100 * value for value in values]
    spread = statistics.stdev(points) if len(points) > 1 else 0.0
    return f"  {name:20} {statistics.mean(points):6.1f} +- {spread:4.1f}"


def main():
    """Prints one table for each configuration."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run_dirs", nargs="+", type=pathlib.Path)
    folders = parser.parse_args().run_dirs
    try:
        runs = [run_directories.read(folder) for folder in folders]
    except ValueError as error:
        parser.error(str(error))
    for group in run_directories.grouped(runs):
        config = group[0].config
        seeds = sorted(run.config["seed"] for run in group)
        print(f"{config['recipe']} on {' '.join(config['tasks'])}: {seeds}")
        for name, scores in (("best", kept), ("last", last)):
            print(f" {name} epoch")
            found = [scores(run.metrics) for run in group]
            for key in found[0]:
                print(line(key, [own[key] for own in found]))
            means = [run.metrics["mean"] for run in group]
        print(line("mean of tasks, best", means))


if __name__ == "__main__":
    main()
