"""Changes to pretrained weights: LoRA, biases, random subspaces."""
