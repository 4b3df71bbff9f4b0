"""The trained model as one SavedModel: text in, labels and scores out."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.export.digests import check_saved_model
    from tf_adapters.export.options import ServingOptions
    from tf_adapters.export.saved_model import export_saved_model
    from tf_adapters.export.serving_configs import write_serving_configs
    from tf_adapters.export.versions import remove_old_versions
    from tf_adapters.export.versions import republish
