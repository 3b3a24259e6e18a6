#!/usr/bin/env python3
"""Calls of the AWS API: what somebody else changes, or sees, while a test looks on. One that is given is made, and its answer
printed as JSON; without one they are read from standard input, a line each, and so are the answers.

  AWS_ENDPOINT_URL=http://127.0.0.1:PORT call.py autoscaling suspend_processes '{"AutoScalingGroupName": "…"}'
"""
import functools
import json
import sys

from client import client

client = functools.cache(client)


def call(service, operation, arguments):
    answer = getattr(client(service), operation)(**arguments)
    answer.pop("ResponseMetadata", None)
    return json.dumps(answer, default=str)


if len(sys.argv) > 1:
    service, operation, arguments = sys.argv[1:]
    print(call(service, operation, json.loads(arguments)))
else:
    for line in sys.stdin:
        print(call(*json.loads(line)), flush=True)
