"""What a call through boto3 costs; flags and figures are those of main.cpp."""

import argparse
import json
import resource
import threading
import time

import boto3
from botocore.config import Config

parser = argparse.ArgumentParser()
for flag, kind in (("endpoint", str), ("operation", str), ("item", str), ("seconds", float),
                   ("connections", int), ("items", int), ("key", str), ("secret", str)):
    parser.add_argument(f"--{flag}", type=kind, required=True)
options = parser.parse_args()
with open(options.item, encoding="utf-8") as file:
    item = json.load(file)
client = boto3.client("dynamodb", endpoint_url=options.endpoint, region_name="us-east-1",
                      aws_access_key_id=options.key, aws_secret_access_key=options.secret,
                      config=Config(retries={"total_max_attempts": 1}, max_pool_connections=options.connections))


def name_of(turn):
    return f"song-{turn % options.items:010}"


def get(turn):
    found = client.get_item(TableName="Songs", Key={"name": {"S": name_of(turn)}})
    if found["Item"]["title"] != item["title"]:
        raise ValueError("another item")


def put(turn):
    client.put_item(TableName="Songs", Item={**item, "name": {"S": name_of(turn)}, "plays": {"N": str(turn)}})


call = {"get": get, "put": put}[options.operation]
def call_until(end, turn, latencies):
    now = time.perf_counter()
    while now < end:
        call(turn)
        turn += 1
        after = time.perf_counter()
        latencies.append((after - now) * 1e6)
        now = after


def run(seconds):
    latencies = []
    end = time.perf_counter() + seconds
    threads = [threading.Thread(target=call_until, args=(end, number * 997, latencies))
               for number in range(1, options.connections)]
    for thread in threads:
        thread.start()
    call_until(end, 0, latencies)
    for thread in threads:
        thread.join()
    return latencies


def cpu_us():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


run(options.seconds / 2)  # connections, caches of signing keys
before = cpu_us()
seen = sorted(run(options.seconds))
used = cpu_us() - before
print(json.dumps({"calls": len(seen), "cpu_us": used / len(seen), "p50_us": round(seen[len(seen) // 2]),
                  "p99_us": round(seen[int(0.99 * (len(seen) - 1))])}))
