"""From the bundles of many runs to one SavedModel, and to its next version."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.publishing.edit import add_published
    from tf_adapters.publishing.edit import remove_published
    from tf_adapters.publishing.edit import rename_published
    from tf_adapters.publishing.edit import replace_published
    from tf_adapters.publishing.join import join_bundles
    from tf_adapters.publishing.publish import export_bundles
