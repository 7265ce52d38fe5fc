"""Solves an integer program with HiGHS and prints its proven bound: hindsight.py PROGRAM.lp SECONDS"""

import json
import sys

import highspy

program, seconds = sys.argv[1], float(sys.argv[2])
highs = highspy.Highs()
highs.setOptionValue("output_flag", False)
highs.setOptionValue("time_limit", seconds)
highs.setOptionValue("mip_rel_gap", 1e-3)
highs.setOptionValue("threads", 1)
if highs.readModel(program) != highspy.HighsStatus.kOk:
    sys.exit("the program cannot be read")
highs.run()
info = highs.getInfo()
values = highs.getSolution().col_value
print(
    json.dumps(
        {
            "bound_rub": info.mip_dual_bound,
            "found_rub": info.objective_function_value,
            "carried": sum(value > 0.5 for value in values),
            # Columns come in the order in which the objective names them, and their names are numbered like the rides.
            "picked": [int(name[1:]) for name, value in zip(highs.getLp().col_names_, values) if value > 0.5],
            "seconds": highs.getRunTime(),
        }
    )
)
