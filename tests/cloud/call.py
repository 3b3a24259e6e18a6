#!/usr/bin/env python3
"""One call of the AWS API: what somebody else changes, or sees, while a test looks on. Prints the answer as JSON.

  AWS_ENDPOINT_URL=http://127.0.0.1:PORT call.py autoscaling suspend_processes '{"AutoScalingGroupName": "…"}'
"""
import json
import sys

from client import client

service, operation, arguments = sys.argv[1:]
answer = getattr(client(service), operation)(**json.loads(arguments))
answer.pop("ResponseMetadata", None)
print(json.dumps(answer, default=str))
