"""Fine-tuning, of everything or of the last layers: the yardsticks."""

from tf_adapters.methods.method import Method


class FullFineTuning(Method):
    """Every pretrained weight is trained, and shared by all tasks.

    With one task this is ordinary fine-tuning. With several it is joint
    multi-task fine-tuning with a head for each.

    References:
     - [Devlin et al., 2019](https://arxiv.org/abs/1810.04805), section 3.2
    """

    def trains(self, part, shape):
        return True


class LastLayers(Method):
    """The last `num_layers` transformer layers and the pooler are trained.

    Called variable fine-tuning by Houlsby et al. The trained layers are
    shared by all tasks.

    Args:
        num_layers: int. How many layers, counted from the top. Defaults to 2.

    Raises:
        ValueError: if the encoder has fewer layers, or `num_layers` is
            negative. Zero trains the pooler only.

    References:
     - [Houlsby et al., 2019](https://arxiv.org/abs/1902.00751), section 3.4
    """

    def __init__(self, num_layers=2):
        if num_layers < 0:
            raise ValueError(
                "`num_layers` must not be negative. Received: "
                f"num_layers={num_layers}."
            )
        self.num_layers = num_layers

    def trains(self, part, shape):
        if self.num_layers > shape.num_layers:
            raise ValueError(
                "`num_layers` must not exceed the layers of the encoder. "
                f"Received: num_layers={self.num_layers} for an encoder of "
                f"{shape.num_layers}. Use `FullFineTuning` to train all."
            )
        if part == "pooler":
            return True
        first = shape.num_layers - self.num_layers
        return part != "embedding" and part >= first

    def get_config(self):
        return {"num_layers": self.num_layers}
