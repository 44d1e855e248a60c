"""Holds requests and answers of the Gmail fake against Google's own description of Gmail, the discovery document that its library brings.

Argument: a file with exchanges, as the fake keeps them. Prints what does not fit, and fails if anything does not.
"""

import base64
import binascii
import json
import pathlib
import re
import sys

import googleapiclient

DOCUMENT = json.loads((pathlib.Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "gmail.v1.json").read_text())
SCHEMAS = DOCUMENT["schemas"]
# What belongs to uploads is described apart from the parameters.
UPLOADING = {"uploadType", "upload_id", "upload_protocol"}
# Where no body is described, one without anything in it is taken.
NOTHING = {"type": "object"}


def shape(path):
    """A path with its parameters' names left out: they are called differently here and there."""
    return re.sub(r"{[^}]*}", "{}", path.strip("/"))


def methods(resources):
    for resource in resources.values():
        for method in resource.get("methods", {}).values():
            yield (method["httpMethod"], shape(method.get("flatPath", method["path"]))), method
            for protocol in method.get("mediaUpload", {}).get("protocols", {}).values():
                yield (method["httpMethod"], shape(protocol["path"])), method
        yield from methods(resource.get("resources", {}))


METHODS = dict(methods(DOCUMENT["resources"]))


def text(value, schema):
    if not isinstance(value, str):
        return "is no text"
    kind = schema.get("format")
    if kind in ("int64", "uint64") and not re.fullmatch(r"-?\d+", value):
        return "is no number in a text"
    if kind == "byte":
        try:
            base64.b64decode(value, altchars=b"-_", validate=True)
        except binascii.Error:
            return "is no base64url"
    if "enum" in schema and value not in schema["enum"]:
        return f"is none of {schema['enum']}"
    return None


PLAIN = {
    "string": text,
    "integer": lambda value, _: None if isinstance(value, int) and not isinstance(value, bool) else "is no integer",
    "number": lambda value, _: None if isinstance(value, (int, float)) and not isinstance(value, bool) else "is no number",
    "boolean": lambda value, _: None if isinstance(value, bool) else "is no boolean",
    "any": lambda *_: None,
}


def faults(value, schema, where):
    """What does not fit, with its place."""
    schema = SCHEMAS[schema["$ref"]] if "$ref" in schema else schema
    kind = schema["type"]
    if kind == "object":
        if not isinstance(value, dict):
            yield f"{where} is no object"
            return
        for name, item in value.items():
            known = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if known is None:
                yield f"{where}.{name} is not known"
            else:
                yield from faults(item, known, f"{where}.{name}")
    elif kind == "array":
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for item in value:
            yield from faults(item, schema["items"], f"{where}[]")
    else:
        why = PLAIN[kind](value, schema)
        if why is not None:
            yield f"{where} {why}"


def query(exchange, method):
    known = DOCUMENT["parameters"] | method.get("parameters", {})
    for name, value in exchange["query"]:
        parameter = known.get(name)
        if parameter is None:
            if name not in UPLOADING:
                yield f"?{name} is not known"
        elif "enum" in parameter and value not in parameter["enum"]:
            yield f"?{name}={value} is none of {parameter['enum']}"


def exchange_faults(exchange):
    if "/gmail/v1/" not in exchange["route"] or exchange["route"].startswith("/batch"):
        return
    # The pieces of an upload go where its beginning went.
    verb = "POST" if exchange["route"].startswith("/upload/") else exchange["method"]
    method = METHODS.get((verb, shape(exchange["route"])))
    if method is None:
        yield "is no method of Gmail"
        return
    yield from query(exchange, method)
    if exchange["request"] is not None:
        yield from faults(exchange["request"], method.get("request", NOTHING), "request")
    answer = exchange["answer"]
    if exchange["status"] >= 400:
        error = (answer or {}).get("error")
        if not isinstance(error, dict) or error.get("code") != exchange["status"] or not error.get("message"):
            yield "refuses without Google's kind of error"
    elif exchange["status"] < 300 and answer is not None:
        yield from faults(answer, method.get("response", NOTHING), "answer")


def main():
    exchanges = [each for each in json.loads(pathlib.Path(sys.argv[1]).read_text()) if each["provider"] == "google"]
    found = {f"{each['method']} {each['route']} {each['status']}: {fault}" for each in exchanges for fault in exchange_faults(each)}
    for line in sorted(found):
        print(line)
    checked = sum("/gmail/v1/" in each["route"] for each in exchanges)
    print(f"{checked} exchanges held against Google's description", file=sys.stderr)
    sys.exit(1 if found or checked == 0 else 0)


main()
