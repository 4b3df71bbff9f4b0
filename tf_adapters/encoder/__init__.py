"""The adapted BERT. The only floor that reads KerasNLP's privates."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.encoder.adapted_backbone import AdaptedBackbone
    from tf_adapters.encoder.pretrained import load_preset
