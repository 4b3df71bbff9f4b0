"""How fast the machines of a cluster add up, as flags of scaling.py.

Start it on each machine, with the TF_CONFIG that it would train with:

    python benchmarks/all_reduce.py --size 2400000

Prints the latency and the bandwidth with which `scaling.step_seconds` gives
the median times of an all-reduce of one number, and of `--size` numbers.
"""

import argparse
import statistics
import time

import tensorflow as tf

from tf_adapters.training.strategy import make_strategy


def seconds(strategy, size, rounds, repeats=10):
    """Returns the median time of an all-reduce of `size` float32 numbers.

    One round before is not counted.
    """

    @tf.function
    def run():
        def add_up():
            # Each waits for the one before, as those of a step do.
            sums = tf.zeros(size)
            for _ in range(repeats):
                context = tf.distribute.get_replica_context()
                sums = context.all_reduce("SUM", sums)
            return tf.reduce_sum(sums)

        return strategy.run(add_up)

    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        strategy.experimental_local_results(run())[0].numpy()
        times.append((time.perf_counter() - start) / repeats)
    return statistics.median(times)


def flags(one, many, size, replicas):
    """Returns the flags that two measured times stand for.

    Args:
        one: float. Seconds of an all-reduce of one number.
        many: float. Seconds of one of `size` numbers.
        size: int.
        replicas: int.
    """
    times = 2 * (replicas - 1)
    gigabits = times / replicas * 8 * 4 * size / max(many - one, 1e-9) / 1e9
    return f"--latency {one / times:.1e} --gigabits {gigabits:.3g}"


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", type=int, default=2_400_000)
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    strategy = make_strategy("multi_worker")
    one = seconds(strategy, 1, args.rounds)
    many = seconds(strategy, args.size, args.rounds)
    print(flags(one, many, args.size, strategy.num_replicas_in_sync))


if __name__ == "__main__":
    main()
