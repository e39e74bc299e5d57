"""Makes every file of this folder's cases and cases.json.  Deterministic: the same bytes on every machine.

    python make_cases.py               all small files and cases.json (numpy, mpmath)
    python make_cases.py large FOLDER  the sparse files of the cases tagged "large" (gigabytes in name, kilobytes on disk)
"""
import os
import sys

import case_data

if len(sys.argv) == 3 and sys.argv[1] == "large":
    case_data.large(sys.argv[2])
    sys.exit()

import case_formats  # noqa: E402,F401

made = case_data.cases.save()
size = sum(os.path.getsize(os.path.join(case_data.folder.base, n)) for n in case_data.folder.written)
print(len(made), "cases,", len(case_data.folder.written), "files,", size, "bytes")
