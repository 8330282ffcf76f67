#!/bin/sh
# For the `finally` block of an agent executor: reads the task document on standard input
# (or from the file named as the first argument) and ships what the task left behind.
# usage: executor-finally.sh [TASK.json] < TASK.json
exec sendoff run --trigger executor --input "${1:--}" --json --best-effort
