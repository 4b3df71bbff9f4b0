"""Task embeddings and sentences as points, when the training is over."""

from tf_adapters import storage
from tf_adapters.tensorboard import projector
from tf_adapters.tensorboard.panel import Panel


class ProjectorPanel(Panel):
    """Writes `projector_config.pbtxt` and the folder `projector`.

    Args:
        training: a `Training`.
    """

    def look(self, is_last: bool) -> list:
        """Writes the files at the end. There is one version of them."""
        if not is_last:
            return []
        found = projector.task_vectors(self.training.model)
        if self.training.sample is not None:
            answers = self.training.sample.answers()
            found += projector.sentence_vectors(answers)
        if found:
            folder = storage.as_path(self.training.log_dir)
            projector.write_projector(folder, found)
        return []
