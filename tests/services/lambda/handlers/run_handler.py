#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run_handler.py FILE: what Lambda's runtime does with a handler, for one event on standard input."""
import importlib.util
import json
import sys

spec = importlib.util.spec_from_file_location("function", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
try:
    result = module.handler(json.load(sys.stdin), None)
except Exception as error:  # as the runtime reports it
    print(json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}))
    sys.exit(1)
print(json.dumps(result))
