"""Settings of training that the recipes of one paper have in common."""

# Stickland and Murray: one encoder trained on many tasks. The paper counts an
# epoch as 2,400 steps, of which a task that it draws gets the whole batch.
# Eight tasks on a BERT-base need all 25 of them; a few tasks on a small encoder
# want fewer and a higher learning rate.
PALS_SETTINGS = {
    "rate": "annealed",
    "batching": "one_task",
    "num_epochs": 25,
    "steps_per_epoch": 2400,
    "learning_rate": 2e-5,
}

# Mahabadi et al., HyperFormer, where a small encoder has them. Their learning
# rate is 3e-4, for T5. A generated weight moves by the sum over the 64 numbers
# of an embedding: about 50 times the rate in a step of Adam.
HYPERFORMER_SETTINGS = {
    "pooling": "first",
    "batching": "one_task",
    "rate": "temperature",
    "temperature": 10.0,
    "label_smoothing": 0.1,
    "learning_rate": 1e-4,
    "weight_decay": 0.0,
}
