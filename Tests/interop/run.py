#!/usr/bin/env python3
"""Clients that nobody here wrote, unchanged, against a real server: calls, errors, batches, streams; the description
against OpenRPC's meta-schema; HTTP/2 by curl; EventSource in Chromium.

Usage: run.py [--bin .build/release] [--no-browser]
Needs from PyPI: jsonrpcclient pjrpc jsonrpc-async jsonrpclib-pelix httpx httpx-sse requests requests-sse jsonschema selenium;
from Debian: curl openssl chromium chromium-driver.
"""
import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--no-browser", action="store_true")
arguments = arguments.parse_args()


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def with_jsonrpcclient(server, job):
    import requests
    from jsonrpcclient import Error, Ok, notification, parse, request

    def post(body):
        return requests.post(server.url + "/rpc", json=body, headers={"Accept": "application/json"})

    answer = parse(post(request("getStatus", params={"jobId": job})).json())
    expect(isinstance(answer, Ok) and answer.result["state"] == "succeeded", answer)
    answer = parse(post(request("getStatus", params=["nobody"])).json())
    expect(isinstance(answer, Error) and answer.code == 5 and answer.data["reason"] == "JOB_NOT_FOUND", answer)
    answers = list(parse(post([request("getStatus", params=[job]), request("none")]).json()))
    expect(isinstance(answers[0], Ok) and isinstance(answers[1], Error) and answers[1].code == -32601, answers)
    expect(post(notification("getStatus", params=[job])).status_code == 204, "a notification is 204")


def with_pjrpc(server, job):
    import pjrpc
    from pjrpc.client.backend import requests as backend

    with backend.Client(server.url + "/rpc") as client:
        expect(client("getStatus", jobId=job)["state"] == "succeeded", "a call by name")
        expect(client.proxy.getStatus(job)["jobId"] == job, "a call by position")
        client.notify("getStatus", jobId=job)
        try:
            client("getStatus", jobId="nobody")
            raise AssertionError("no error came")
        except pjrpc.client.exceptions.JsonRpcError as error:
            expect(error.code == 5 and error.data["status"] == "NOT_FOUND", error)
        with client.batch() as batch:
            batch("getStatus", jobId=job)
            batch("listJobs", pageSize=1)
            batch.notify("getStatus", jobId=job)
        first, second = batch.get_results()
        expect(first["jobId"] == job and len(second["jobs"]) == 1, "a batch")


def with_jsonrpc_async(server, job):
    import jsonrpc_base
    from jsonrpc_async import Server as Client

    async def run():
        async with Client(server.url + "/rpc") as client:
            expect((await client.getStatus(jobId=job))["state"] == "succeeded", "a call by name")
            expect((await client.getStatus(job))["jobId"] == job, "a call by position")
            try:
                await client.getStatus("nobody")
                raise AssertionError("no error came")
            except jsonrpc_base.ProtocolError as error:
                expect(error.args[0] == 5, error.args)
            try:
                # It wants 200 of a notification; the call is made all the same.
                await client.getStatus(job, _notification=True)
            except jsonrpc_base.TransportError as error:
                expect("204" in str(error), error)

    asyncio.run(run())


def with_jsonrpclib_pelix(server, job):
    import jsonrpclib

    client = jsonrpclib.ServerProxy(server.url + "/rpc")
    expect(client.getStatus(jobId=job)["state"] == "succeeded", "a call by name")
    expect(client.getStatus(job)["jobId"] == job, "a call by position")
    try:
        client.getStatus("nobody")
        raise AssertionError("no error came")
    except jsonrpclib.ProtocolError as error:
        expect(error.args[0][0] == 5, error.args)
    batch = jsonrpclib.MultiCall(client)
    batch.getStatus(job)
    batch.listJobs(pageSize=1)
    first, second = batch()
    expect(first["jobId"] == job and len(second["jobs"]) == 1, "a batch")


def later(server, name):
    """A job that begins in a second: whoever streams it sees it all."""
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1)) + ".999Z"
    return server.call("submitJob", input="plays.csv", output=name, startAt=start)["jobId"]


def checked(messages, job):
    """Progress notifications with strictly increasing cursors, then exactly one response."""
    expect(len(messages) >= 3, f"waiting, running and the response: {messages}")
    cursors = [tuple(map(int, m["params"]["cursor"].rsplit(".", 2)[1:])) for m in messages[:-1]]
    expect(cursors == sorted(set(cursors)), cursors)
    expect(all(m["method"] == "progress" for m in messages[:-1]), messages)
    expect(messages[-1]["result"]["jobId"] == job and messages[-1]["result"]["state"] == "succeeded", messages[-1])


def with_httpx_sse(server, job):
    import httpx
    from httpx_sse import connect_sse

    job = later(server, "httpx.csv")
    body = {"jsonrpc": "2.0", "id": 1, "method": "streamProgress", "params": {"jobId": job}}
    with httpx.Client(timeout=30) as client, connect_sse(client, "POST", server.url + "/rpc", json=body) as source:
        events = list(source.iter_sse())
    expect(all(event.data for event in events), "no empty event")
    expect(all(event.id.startswith(job) for event in events), "every event has its ID")
    checked([event.json() for event in events], job)


def with_requests_sse(server, job):
    from requests_sse import EventSource

    job = later(server, "requests.csv")
    body = {"jsonrpc": "2.0", "id": 1, "method": "streamProgress", "params": {"jobId": job}}
    messages = []
    with EventSource(server.url + "/rpc", method="POST", json=body, timeout=30) as source:
        for event in source:
            messages.append(json.loads(event.data))
            if "result" in messages[-1]:
                break
    checked(messages, job)


def with_curl(server, job):
    def curl(*words):
        return subprocess.run(["curl", "-sS", "--max-time", "30", *words], capture_output=True, text=True, check=True).stdout

    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getStatus", "params": {"jobId": job}})
    expect(json.loads(curl("--json", body, server.url + "/rpc"))["result"]["state"] == "succeeded", "curl --json")
    expect(json.loads(curl("--compressed", "--json", body.replace("getStatus", "getResult"), server.url + "/rpc"))["result"]["rows"] == 4, "gzip")
    job = later(server, "curl.csv")
    lines = curl("-N", "--json", body.replace("getStatus", "streamProgress"), "-H", "Accept: application/x-ndjson", server.url + "/rpc")
    expect(json.loads(lines.splitlines()[-1])["result"]["state"] == "succeeded", lines)


def with_openrpc(server, job):
    """The description validates against the meta-schema, offline."""
    import jsonschema

    document = server.call("rpc.discover")
    schema = json.load(open(os.path.join(ROOT, "Tests", "interop", "openrpc-1.3.2.schema.json")))
    draft = json.loads(json.dumps(jsonschema.Draft7Validator.META_SCHEMA))
    # The meta-schema refers to the one of JSON Schema by its address; here it is at hand.
    text = json.dumps(schema).replace('"https://meta.json-schema.tools/#/definitions/JSONSchemaObject/properties/$ref"', '"#/definitions/referenceText"')
    text = text.replace('"https://meta.json-schema.tools"', '"#/definitions/draft7"').replace('"https://meta.json-schema.tools/"', '"http://json-schema.org/draft-07/schema#"')
    schema = json.loads(text)
    draft.pop("$id", None)
    draft_text = json.dumps(draft).replace('"#/definitions/', '"#/definitions/draft7/definitions/').replace('"$ref": "#"', '"$ref": "#/definitions/draft7"')
    schema["definitions"]["draft7"] = json.loads(draft_text)
    schema["definitions"]["referenceText"] = {"type": "string"}
    schema["properties"]["openrpc"]["enum"] = ["1.3.2"]
    jsonschema.Draft7Validator(schema).validate(document)
    names = [method["name"] for method in document["methods"]]
    expect(len(names) >= 12 and len(set(names)) == len(names), names)
    broken = json.loads(json.dumps(document))
    del broken["methods"][0]["params"]
    expect(not jsonschema.Draft7Validator(schema).is_valid(broken), "the check fails for what is broken")
    examples(server, document, job)


def examples(server, document, job):
    """The examples are carried out, on a job of our own; each answer has the members of the example's."""
    import jsonschema

    def members(value):
        if isinstance(value, dict):
            return {name: members(item) for name, item in value.items()}
        return [members(value[0])] if isinstance(value, list) and value else None

    count = 0
    for method in document["methods"]:
        for example in method["examples"]:
            job = server.call("submitJob", input="plays.csv", output=f"example-{count}.csv")["jobId"]
            server.call("streamProgress", jobId=job, waitMs=20_000)
            parameters = {p["name"]: p["value"] for p in example["params"]}
            for name, mine in (("jobId", job), ("jobIds", [job])):
                if name in parameters:
                    parameters[name] = mine
            if "output" in parameters:
                parameters["output"] = f"example-of-{count}.csv"
            if method["name"] in ("streamProgress", "watchJobs"):
                parameters["waitMs"] = 20_000
            found = server.call(method["name"], **parameters)
            expected = example["result"]["value"]
            missing = set(flat(members(expected))) - set(flat(members(found)))
            expect(not missing, f"{method['name']}: {missing} isn't in {found}")
            schema = dict(method["result"]["schema"], components=document["components"]) if isinstance(method["result"]["schema"], dict) else {}
            jsonschema.Draft7Validator(schema).validate(found)
            count += 1
    expect(count >= 8, f"{count} examples")


def flat(value, path=""):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from flat(item, f"{path}.{name}")
    elif isinstance(value, list):
        yield from flat(value[0], f"{path}[]")
    else:
        yield path


def with_http2(server, job):
    """HTTP/2 over TLS by ALPN, a stream in it, and HTTP/1.1 beside it."""
    with tempfile.TemporaryDirectory() as place:
        key, certificate = os.path.join(place, "key.pem"), os.path.join(place, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        with TLSServer(arguments.bin, place, "--tls-certificate", certificate, "--tls-key", key) as secure:
            shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), secure.data)

            def curl(*words):
                run = subprocess.run(["curl", "-sS", "--cacert", certificate, "--max-time", "30", "-w", "\n%{http_version}", *words],
                                     capture_output=True, text=True, check=True)
                return run.stdout.rsplit("\n", 1)

            url = f"https://127.0.0.1:{secure.port}/rpc"
            body = '{"jsonrpc":"2.0","id":1,"method":"submitJob","params":["plays.csv","sums.csv"]}'
            answer, version = curl("--json", body, url)
            job = json.loads(answer)["result"]["jobId"]
            expect(version == "2", f"HTTP/{version}")
            stream, version = curl("-N", "--json", '{"jsonrpc":"2.0","id":1,"method":"streamProgress","params":["%s"]}' % job,
                                   "-H", "Accept: application/x-ndjson", url)
            expect(version == "2" and json.loads(stream.strip().splitlines()[-1])["result"]["state"] == "succeeded", stream)
            _, version = curl("--http1.1", "--json", '{"jsonrpc":"2.0","id":1,"method":"rpc.stats"}', url)
            expect(version == "1.1", f"HTTP/{version}")
            vanishing(url, certificate, curl)
            refused, version = curl("-X", "PUT", url)
            expect(version == "2" and "METHOD_NOT_ALLOWED" in refused, refused)


def vanishing(url, certificate, curl):
    """A caller that goes in the middle of an HTTP/2 stream or call frees its slot."""
    def stats():
        return json.loads(curl("--json", '{"jsonrpc":"2.0","id":1,"method":"rpc.stats"}', url)[0])["result"]

    waiting, _ = curl("--json", '{"jsonrpc":"2.0","id":1,"method":"submitJob","params":{"input":"plays.csv","output":"w.csv","startAt":"2999-01-01T00:00:00Z"}}', url)
    job = json.loads(waiting)["result"]["jobId"]
    for accept, taken in (("text/event-stream", lambda found: found["streams"]), ("application/json", lambda found: found["streams"])):
        body = '{"jsonrpc":"2.0","id":1,"method":"streamProgress","params":{"jobId":"%s","waitMs":3000000}}' % job
        caller = subprocess.Popen(["curl", "-sN", "--cacert", certificate, "--json", body, "-H", f"Accept: {accept}", url], stdout=subprocess.DEVNULL)
        for _ in range(200):
            if taken(stats()) == 1:
                break
            time.sleep(0.02)
        else:
            raise AssertionError(f"no slot is taken: {stats()}")
        caller.kill()
        caller.wait()
        for _ in range(200):
            if taken(stats()) == 0:
                break
            time.sleep(0.02)
        else:
            raise AssertionError(f"the slot of a vanished caller stays taken: {stats()}")


class TLSServer(Server):
    def start(self):
        # The log's line says https.
        self.scheme = "https"
        return super().start()


def with_event_source(server, job):
    """EventSource in a real Chromium, on the server's own page: events, the final one, and no asking again after it."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(option)
    options.binary_location = shutil.which("chromium")
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.get(server.url + "/")
        job = later(server, "browser.csv")
        driver.set_script_timeout(40)
        messages = driver.execute_async_script("""
          const [job, done] = arguments, messages = [];
          const source = new EventSource("/rpc?method=streamProgress&params=" + encodeURIComponent(JSON.stringify({jobId: job})));
          source.onmessage = event => messages.push({id: event.lastEventId, data: JSON.parse(event.data)});
          // After the final event the connection ends; the browser asks again, gets 204, and gives up.
          source.onerror = () => { if (source.readyState === EventSource.CLOSED) done(messages); };
        """, job)
        checked([message["data"] for message in messages], job)
        expect(all(message["id"].startswith(job) for message in messages), "every event has its ID")
        # The page itself: its two forms, to the answer.
        driver.execute_script("document.getElementById('input').value = 'plays.csv'; document.getElementById('output').value = 'page.csv';"
                              "document.querySelector('#submit button:not([type])').click()")

        def text(name, *wanted):
            """An element's text, once it has one of those in it."""
            for _ in range(100):
                found = driver.execute_script("return document.getElementById(arguments[0]).textContent", name)
                if any(part in found for part in wanted):
                    break
                time.sleep(0.1)
            return found
        state = text("state", "ready", "failed")
        detail = text("detail", "rows")
        expect(state == "ready" and "page.csv (4 rows" in detail, (state, detail))
        # A file of this machine, whose answer needs no name on the server; and the same again.
        with tempfile.TemporaryDirectory() as folder:
            own = os.path.join(folder, "my plays & more.csv")
            shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), own)
            driver.execute_script("document.getElementById('output').value = ''; document.getElementById('state').textContent = ''")
            driver.find_element("id", "local").send_keys(own)
            sent = text("sent", "is on the server", "error")
            expect("my plays & more.csv is on the server" in sent, sent)
            driver.execute_script("document.querySelector('#submit button:not([type])').click()")
            state, detail = text("state", "ready", "failed"), text("detail", "rows")
            expect(state == "ready" and "4 rows" in detail and "page.csv" not in detail, (state, detail))
            with open(own, "a") as file:
                file.write("\nMore,2020-01-01,1\n")
            driver.execute_script("document.getElementById('local').value = ''")
            driver.find_element("id", "local").send_keys(own)
            sent = text("sent", "There is a file", "is on the server")
            expect("There is a file 'my plays & more.csv'" in sent, sent)
            driver.execute_script("document.getElementById('replace').click()")
            sent = text("sent", "is on the server")
            expect("is on the server" in sent, sent)
        # A refusal that the page expects is told to the browser's console as well.
        severe = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE" and "412" not in entry["message"]]
        expect(not severe, severe)
    finally:
        driver.quit()


def main():
    clients = [with_jsonrpcclient, with_pjrpc, with_jsonrpc_async, with_jsonrpclib_pelix, with_httpx_sse, with_requests_sse, with_curl,
               with_openrpc, with_http2]
    if not arguments.no_browser:
        clients.append(with_event_source)
    failed = 0
    with tempfile.TemporaryDirectory() as place, Server(arguments.bin, place) as server:
        shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), server.data)
        job = server.call("submitJob", input="plays.csv", output="sums.csv")["jobId"]
        server.call("streamProgress", jobId=job, waitMs=20_000)
        for client in clients:
            try:
                client(server, job)
                print(f"interop: {client.__name__[5:]} works", flush=True)
            except BaseException:
                failed += 1
                print(f"interop: {client.__name__[5:]} FAILED", flush=True)
                traceback.print_exc()
    print(f"interop: {len(clients) - failed} of {len(clients)}")
    sys.exit(1 if failed else 0)


main()
