"""What a tuning job's trainings begin with: it stands as `train.py` in the root of the source archive.

A tuning job names no command of its own (decision 0054); the image's script mode runs this file. The variable
`USE_CASE` says which use case it trains.
"""

import os
import runpy
import sys

if __name__ == "__main__":
    sys.argv[1:1] = ["train", "--case", os.environ["USE_CASE"]]
    runpy.run_module("ml", run_name="__main__", alter_sys=True)
