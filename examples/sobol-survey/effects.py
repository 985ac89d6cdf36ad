"""How much of the variance of the value the levels of each parameter explain, four equal parts of its range: python3 effects.py < trials.csv

Of independent points a parameter without effect explains some 3 / 63 = 0.05 by chance."""

import csv
import statistics
import sys

PARTS = 4

rows = [row for row in csv.DictReader(sys.stdin) if row["state"] == "complete"]
values = [float(row["value"]) for row in rows]
for name in sorted(key for key in rows[0] if key.startswith("x")):
    groups = [[v for row, v in zip(rows, values) if int(float(row[name]) * PARTS) == part] for part in range(PARTS)]
    between = sum(len(g) * (statistics.fmean(g) - statistics.fmean(values)) ** 2 for g in groups if g)
    print(f"{name}  {between / sum((v - statistics.fmean(values)) ** 2 for v in values):.2f}")
