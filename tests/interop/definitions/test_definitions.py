"""Whether the CDK makes of a printed module, and Terraform's language of a printed resource, the tables that the
printed CloudFormation template has."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent
PATIENCE_SECONDS = 600

STORES = {
    "events": ["--table", "Events", "--snapshots-table", "Snapshots", "--marks-table", "Marks"],
    "collections": [],
    "streams": ["--checkpoints-table", "Checkpoints", "--dead-letters-table", "Letters"],
    "users": ["--table", "Users", "--time-to-live", "expiresAt"],
    "dismissals": ["--time-to-live"],
}


def run(*command):
    variables = {name: value for name, value in os.environ.items() if "DYNAMODB" not in name}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=FOLDER, env=variables,
                          timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def printed(store, form):
    return run(os.environ["DYNAKEEP_PROGRAM"], "setup", store, *STORES[store], "--print", form)


def template(store):
    """Each table's properties, by its name."""
    resources = json.loads(printed(store, "cloudformation"))["Resources"]
    return {each["Properties"]["TableName"]: each["Properties"] for each in resources.values()}


def sorted_attributes(properties):
    return {**properties, "AttributeDefinitions": sorted(properties["AttributeDefinitions"],
                                                         key=lambda each: each["AttributeName"])}


@pytest.fixture
def work():
    """A folder below this one, where the packages are found."""
    folder = FOLDER / "node_modules" / ".printed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("store", STORES)
def test_the_cdk_makes_the_same_tables(store, work):
    (work / "tables.ts").write_text(printed(store, "cdk"))
    (work / "package.json").write_text('{"type": "module"}')
    resources = json.loads(run("node", "javascript/synthesize.mjs", work / "tables.ts", work / "compiled"))["Resources"]
    wanted = template(store)
    found = {}
    for resource in resources.values():
        assert resource["Type"] == "AWS::DynamoDB::Table"
        properties = resource["Properties"]
        if "ProvisionedThroughput" in properties:  # which the CDK takes for what a table is without saying
            properties["BillingMode"] = "PROVISIONED"
        found[properties["TableName"]] = properties
    assert {name: sorted_attributes(each) for name, each in found.items()} == {
        name: sorted_attributes(each) for name, each in wanted.items()}


@pytest.mark.parametrize("store", STORES)
def test_terraforms_language_says_the_same_tables(store, work):
    (work / "tables.tf").write_text(printed(store, "terraform"))
    document = json.loads(run("node", "javascript/hcl_to_json.mjs", work / "tables.tf"))
    assert list(document) == ["resource"] and list(document["resource"]) == ["aws_dynamodb_table"]
    found = {}
    for (resource,) in document["resource"]["aws_dynamodb_table"].values():
        found[resource["name"]] = sorted_attributes(properties_of(resource))
    assert found == {name: sorted_attributes(each) for name, each in template(store).items()}


def keys_of(block):
    keys = [{"AttributeName": block["hash_key"], "KeyType": "HASH"}]
    return keys + ([{"AttributeName": block["range_key"], "KeyType": "RANGE"}] if "range_key" in block else [])


def properties_of(resource):
    """In CloudFormation's words."""
    properties = {"TableName": resource["name"], "BillingMode": resource["billing_mode"], "KeySchema": keys_of(resource),
                  "AttributeDefinitions": [{"AttributeName": each["name"], "AttributeType": each["type"]}
                                           for each in resource["attribute"]]}
    if "read_capacity" in resource:
        properties["ProvisionedThroughput"] = {"ReadCapacityUnits": resource["read_capacity"],
                                               "WriteCapacityUnits": resource["write_capacity"]}
    if "global_secondary_index" in resource:
        properties["GlobalSecondaryIndexes"] = [
            {"IndexName": each["name"], "KeySchema": keys_of(each),
             "Projection": {"ProjectionType": each["projection_type"]}} for each in resource["global_secondary_index"]]
    if "ttl" in resource:
        (ttl,) = resource["ttl"]
        properties["TimeToLiveSpecification"] = {"AttributeName": ttl["attribute_name"], "Enabled": ttl["enabled"]}
    return properties
