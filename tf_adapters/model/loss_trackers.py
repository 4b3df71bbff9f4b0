"""The mean loss of each task, as a metric."""

import keras


def keep_trackers(trackers, names):
    """Changes a list of metrics so that it is one for each task, in order.

    The list is never assigned anew: Keras would go on tracking the metrics of
    the one that was there before.

    Args:
        trackers: list of metrics, which a Keras model tracks.
        names: the names of the tasks, in the order of their ids.
    """
    wanted = [f"{name}_loss" for name in names]
    for tracker in [own for own in trackers if own.name not in wanted]:
        trackers.remove(tracker)
    for i, name in enumerate(wanted):
        if i == len(trackers) or trackers[i].name != name:
            trackers.insert(i, keras.metrics.Mean(name=name))
