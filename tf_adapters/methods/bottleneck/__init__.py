"""Methods of bottleneck adapters in a frozen BERT."""
