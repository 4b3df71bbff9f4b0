"""Saves and loads one task. No pickle: JSON and safetensors."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.bundles.bundle import Bundle
    from tf_adapters.bundles.bundle import read_bundle
    from tf_adapters.bundles.errors import BundleError
    from tf_adapters.bundles.fingerprint import fingerprint
    from tf_adapters.bundles.load import load_task
    from tf_adapters.bundles.load import load_tasks
    from tf_adapters.bundles.save import save_task
