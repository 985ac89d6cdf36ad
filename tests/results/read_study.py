"""Prints a study.h5 as a person would see it in a notebook: with h5py and pandas, and nothing of coppice."""

import sys

try:
    import h5py
    import pandas
except ImportError as error:
    print(error)
    sys.exit(77)

pandas.set_option("display.width", 300, "display.max_columns", 100)
with h5py.File(sys.argv[1]) as file:
    for name in sorted(file.attrs):
        print(name, "=", repr(file.attrs[name]))
    for name in sorted(file):
        frame = pandas.DataFrame(file[name][:])
        for column in frame.columns:
            if frame[column].dtype == object:
                frame[column] = frame[column].str.decode("utf-8")
                assert h5py.check_string_dtype(file[name].dtype[column]).encoding == "utf-8"
        print(name, [(column, str(frame[column].dtype)) for column in frame.columns])
        for row in frame.itertuples(index=False, name=None):
            print(" ", row)
