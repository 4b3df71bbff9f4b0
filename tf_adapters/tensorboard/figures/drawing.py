"""A figure, and how it becomes an image of TensorBoard.

Nothing here touches `pyplot`, which the user may draw with.
"""

import io

import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tensorboard.compat.proto import summary_pb2
from tensorboard.plugins.image import metadata

_DOTS_PER_INCH = 110
# Told apart by those who see no difference of red and green, too.
SEQUENTIAL = "viridis"
DIVERGING = "PuOr"


def new_figure(width: float, height: float) -> Figure:
    """Returns an empty figure of a size in inches."""
    figure = Figure((width, height), _DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def image(tag: str, figure: Figure, about: str) -> summary_pb2.Summary:
    """Returns a figure as a message.

    Args:
        tag: str.
        figure: a `Figure`.
        about: str. What it shows, in Markdown.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    size = [str(int(x)).encode() for x in figure.canvas.get_width_height()]
    content = tf.make_tensor_proto([*size, buffer.getvalue()])
    summary = summary_pb2.Summary()
    value = summary.value.add(
        tag=tag,
        metadata=metadata.create_summary_metadata(
            display_name=None, description=about
        ),
    )
    value.tensor.MergeFromString(content.SerializeToString())
    return summary
