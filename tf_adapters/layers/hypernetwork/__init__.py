"""From the embedding of a task to the weights of its adapters."""
