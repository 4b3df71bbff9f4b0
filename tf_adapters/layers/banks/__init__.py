"""How a bank of weights meets a batch."""
