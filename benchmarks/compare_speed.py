"""Ratio of two commands that print a JSON line with `median` seconds.

Runs the two in turn, A B A B ..., so that a machine whose speed drifts slows
both, and prints the ratio A / B of each pair and the median of the ratios:

    python benchmarks/compare_speed.py --rounds 5 \
        --a "PEER/bin/python benchmarks/adapterhub_speed.py --weights W \
             --what step --threads 2" \
        --b ".venv/bin/python benchmarks/tf_adapters_speed.py \
             --what step --threads 2"
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess


def median_seconds(command):
    """Runs a command and returns the median it reports."""
    done = subprocess.run(
        shlex.split(command),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        # What `import tf_adapters` sets, which comes too late here.
        env={"TF_ENABLE_ONEDNN_OPTS": "1", **os.environ},
    )
    return json.loads(done.stdout.splitlines()[-1])["median"]


def main():
    """Prints each pair and the median ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--a", required=True, help="command of the peer")
    parser.add_argument("--b", required=True, help="command of this library")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    ratios = []
    for i in range(args.rounds):
        a, b = median_seconds(args.a), median_seconds(args.b)
        ratios.append(a / b)
        print(f"round {i + 1}: a {a:.3f} s, b {b:.3f} s, a / b {a / b:.2f}")
    low, high = min(ratios), max(ratios)
    middle = statistics.median(ratios)
    print(f"median a / b {middle:.2f}, from {low:.2f} to {high:.2f}")


if __name__ == "__main__":
    main()
