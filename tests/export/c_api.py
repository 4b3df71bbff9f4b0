"""Asks a SavedModel through TensorFlow's C API, as a server in C++ does.

It runs as a file in a process of its own, where no Python of TensorFlow's is
imported: only the libraries of its wheel. Standard input is JSON: the paths,
and for each request the tensors to feed, by the names that the graph gives
them. Standard output is JSON: for each request its outputs or its error.
"""

import ctypes
import json
import math
import sys

FLOAT, INT32, STRING = 1, 3, 7
# Bytes of a `TF_TString`.
STRING_SIZE = 24
POINTER = ctypes.c_void_p


class Output(ctypes.Structure):
    """The structure `TF_Output`."""

    _fields_ = [("operation", POINTER), ("index", ctypes.c_int)]


class CAPI:
    """The few functions that are needed, of two libraries of the wheel."""

    def __init__(self, folder):
        # What the operations of TensorFlow Text are linked to comes first.
        names = ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")
        self._libraries = [
            ctypes.CDLL(f"{folder}/{name}", ctypes.RTLD_GLOBAL)
            for name in names
        ]
        self.status = self("TF_NewStatus", POINTER)

    def __call__(self, name, kind, *arguments):
        """Calls a function, of whichever library has it."""
        for library in self._libraries:
            if hasattr(library, name):
                function = getattr(library, name)
                function.restype = kind
                return function(*arguments)
        raise AttributeError(name)

    def error(self):
        """The code and the message of the last call; code 0 is success."""
        code = self("TF_GetCode", ctypes.c_int, POINTER(self.status))
        message = self("TF_Message", ctypes.c_char_p, POINTER(self.status))
        return code, message.decode()

    def check(self):
        code, message = self.error()
        if code:
            raise SystemExit(f"{code}: {message}")

    def tensor(self, values, shape, kind):
        size = {FLOAT: 4, INT32: 4, STRING: STRING_SIZE}[kind]
        tensor = POINTER(
            self(
                "TF_AllocateTensor",
                POINTER,
                kind,
                (ctypes.c_int64 * len(shape))(*shape),
                len(shape),
                ctypes.c_size_t(size * math.prod(shape)),
            )
        )
        data = self("TF_TensorData", POINTER, tensor)
        for i, value in enumerate(values):
            place = data + size * i if data else 0
            if kind == INT32:
                ctypes.c_int32.from_address(place).value = value
                continue
            value = value.encode("latin-1")
            place = POINTER(place)
            self("TF_StringInit", None, place)
            length = ctypes.c_size_t(len(value))
            self("TF_StringCopy", None, place, value, length)
        return tensor

    def read(self, tensor):
        """Returns shape and values of a tensor."""
        kind = self("TF_TensorType", ctypes.c_int, tensor)
        rank = self("TF_NumDims", ctypes.c_int, tensor)
        shape = [self("TF_Dim", ctypes.c_int64, tensor, i) for i in range(rank)]
        data = self("TF_TensorData", POINTER, tensor)
        count = math.prod(shape)
        if kind == STRING:
            values = [
                self._text(POINTER(data + STRING_SIZE * i))
                for i in range(count)
            ]
        else:
            number = {FLOAT: ctypes.c_float, INT32: ctypes.c_int32}[kind]
            values = list((number * count).from_address(data)) if count else []
        return {"shape": shape, "values": values}

    def _text(self, place):
        start = self("TF_StringGetDataPointer", POINTER, place)
        size = self("TF_StringGetSize", ctypes.c_size_t, place)
        return ctypes.string_at(start, size).decode()


class Session:
    """A SavedModel that was loaded."""

    def __init__(self, api, path):
        self.api = api
        self.graph = POINTER(api("TF_NewGraph", POINTER))
        self.session = POINTER(
            api(
                "TF_LoadSessionFromSavedModel",
                POINTER,
                POINTER(api("TF_NewSessionOptions", POINTER)),
                None,
                path.encode(),
                (ctypes.c_char_p * 1)(b"serve"),
                1,
                self.graph,
                None,
                POINTER(api.status),
            )
        )
        api.check()

    def run(self, feeds, fetches):
        """Returns outputs by name, or the code and message of an error."""
        api = self.api
        names = [feed["name"] for feed in feeds]
        tensors = [
            api.tensor(feed["values"], feed["shape"], feed["type"])
            for feed in feeds
        ]
        found = (POINTER * len(fetches))()
        api(
            "TF_SessionRun",
            None,
            self.session,
            None,
            (Output * len(names))(*map(self._place, names)),
            (POINTER * len(names))(*[tensor.value for tensor in tensors]),
            len(names),
            (Output * len(fetches))(*map(self._place, fetches.values())),
            found,
            len(fetches),
            None,
            0,
            None,
            POINTER(api.status),
        )
        code, message = api.error()
        if code:
            return {"code": code, "message": message}
        tensors = dict(zip(fetches, found, strict=True))
        return {name: api.read(POINTER(t)) for name, t in tensors.items()}

    def _place(self, name):
        name, index = name.split(":")
        find = "TF_GraphOperationByName"
        operation = self.api(find, POINTER, self.graph, name.encode())
        return Output(operation, int(index))


def main(job):
    """Loads the operations and the model, and runs every request."""
    api = CAPI(job["tensorflow"])
    for path in job["operations"]:
        api("TF_LoadLibrary", POINTER, path.encode(), POINTER(api.status))
        api.check()
    session = Session(api, job["saved_model"])
    answers = [session.run(**request) for request in job["requests"]]
    if any(name.split(".")[0] == "tensorflow" for name in sys.modules):
        raise SystemExit("TensorFlow's Python was imported.")
    return answers


if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))
