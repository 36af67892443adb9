"""What schemathesis must leave alone: the account and the token that it works with, or all further answers were 401."""

import os
import uuid

import schemathesis

OWN = set(os.environ["FUZZ_OWN"].split())


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.method.upper() != "GET" and case.path_parameters.get("id") in OWN:
        case.path_parameters["id"] = str(uuid.uuid4())
