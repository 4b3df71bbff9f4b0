"""The most memory that training takes, each recipe in a process of its own.

Puts the method of each recipe into MiniLM for four tasks, takes a few training
steps on a full batch, and prints the most memory that the process had, and how
much of it before the first step, in GB, as Markdown:

    python benchmarks/peak_memory.py houlsby "houlsby --recompute" \
        "houlsby --accumulate_steps 4" --length 512 --batch_size 16
"""

import multiprocessing
import resource

import side_by_side
import step_times


def peak(command, args):
    """Returns the GB of this process, before and after some training steps."""
    side_by_side.set_threads(args.threads)
    step = step_times.trainer(command, args)
    before = _most()
    for _ in range(args.rounds):
        step()
    return before, _most()


def _most():
    # Kilobytes on Linux.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main():
    """Prints a row for each recipe."""
    parser = side_by_side.make_parser(__doc__)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--mixed", action="store_true")
    parser.set_defaults(length=512, batch_size=16, rounds=3)
    args = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    print("| recipe | GB before | GB at the most | ratio |")
    print("|---|---|---|---|")
    first = None
    for command in args.recipes:
        # A process keeps what it once had.
        with context.Pool(1) as pool:
            before, most = pool.apply(peak, (command, args))
        first = first or most
        row = f"{before:.2f} | {most:.2f} | {most / first:.2f}"
        print(f"| {command} | {row} |", flush=True)


if __name__ == "__main__":
    main()
