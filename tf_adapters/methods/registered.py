"""Makes the methods known to Keras, which saves and loads them by name.

Whoever puts a method into an encoder imports this. The methods themselves
import Keras no sooner than they make a layer, so that their settings can be
read and checked without it.
"""

import inspect

import keras

from tf_adapters import methods

for _method in vars(methods).values():
    if inspect.isclass(_method) and issubclass(_method, methods.Method):
        keras.saving.register_keras_serializable(package="tf_adapters")(_method)
