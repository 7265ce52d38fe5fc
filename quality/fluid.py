"""Solves a linear programme with HiGHS and prints what can be served at most: fluid.py PROGRAMME.lp"""

import json
import sys

import highspy

highs = highspy.Highs()
highs.setOptionValue("output_flag", False)
highs.setOptionValue("threads", 1)
if highs.readModel(sys.argv[1]) != highspy.HighsStatus.kOk:
    sys.exit("the programme cannot be read")
highs.run()
if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
    sys.exit("the programme was not solved")
print(json.dumps({"served": highs.getInfo().objective_function_value}))
