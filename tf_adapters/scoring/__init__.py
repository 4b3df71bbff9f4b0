"""Answers for files of any number of rows, through Apache Beam."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.scoring.columns import Columns
    from tf_adapters.scoring.driver import score_files
