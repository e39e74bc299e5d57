"""Makes the files and cases.json of this folder: further instances of the kinds of the folder above.

    python make_more.py        with numpy and mpmath; the same bytes on every machine

Right values come from the oracle of ../caselib.py. The format is that of ../README.md.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import caselib as lib  # noqa: E402
import more_archives  # noqa: E402
import more_errors  # noqa: E402
import more_values  # noqa: E402

folder = lib.Folder(os.path.dirname(os.path.abspath(__file__)))
cases = lib.Cases(folder, "m")
data = more_values.common(folder)
more_values.add_cases(folder, cases, data)
more_errors.add_cases(folder, cases, data)
more_archives.add_cases(folder, cases, data)
print(len(cases.save()), "cases")
