"""Looks at a history: what was acknowledged, what became of it, and what stands in the folders."""
import collections
import hashlib
import os

from fleet import moment

ENDS = ("succeeded", "failed", "cancelled")


class Wrong(Exception):
    pass


def reference(path):
    """The answer's digest, by other means: sums in a dictionary, sorted by bytes."""
    sums = collections.Counter()
    with open(path, "rb") as file:
        next(file)
        for line in file:
            key, _, plays = line.rstrip(b"\n").rpartition(b",")
            sums[key] += int(plays)
    ordered = sorted((tuple(key.split(b",")), count) for key, count in sums.items())
    text = b"Song,Date,Total Number of Plays for Date\n" + b"".join(b",".join(key) + b",%d\n" % count for key, count in ordered)
    return hashlib.sha256(text).hexdigest()


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def events(fleet, job):
    lines, after = [], {}
    while True:
        page = fleet.persist("listEvents", jobId=job, pageSize=1000, **after)
        lines += page["events"]
        if not page["hasMore"]:
            return lines
        after = {"after": lines[-1]["cursor"]}


def check_job(fleet, job, expected, attempts_most=0):
    """One acknowledged job: it ended exactly once, with the right answer; its log tells a life that can be."""
    status = fleet.persist("getStatus", jobId=job)
    if status["state"] != "succeeded" or not status["published"]:
        raise Wrong(f"{job}: {status}")
    if status["attempts"] > attempts_most:
        raise Wrong(f"{job}: {status['attempts']} attempts")
    lines = events(fleet, job)
    actions = [line["action"] for line in lines]
    if actions[0] != "submitted" or sum(action in ENDS for action in actions) != 1 or actions.count("published") != 1:
        raise Wrong(f"{job}: its life was {actions}")
    if actions[actions.index("succeeded") + 1:] != ["published"]:
        raise Wrong(f"{job}: after its end came {actions}")
    cursors = [tuple(int(part) for part in line["cursor"].split(".")[1:]) for line in lines]
    if cursors != sorted(set(cursors)):
        raise Wrong(f"{job}: its cursors don't increase: {cursors}")
    claims = [line for line in lines if line["action"] in ("claimed", "rescued")]
    if [int(line["cursor"].split(".")[1]) for line in claims] != list(range(1, status["epoch"] + 1)):
        raise Wrong(f"{job}: epochs of its claims: {claims}")
    if sum(line["action"] == "rescued" for line in lines) != status["rescues"]:
        raise Wrong(f"{job}: {status['rescues']} rescues, and its log says {actions}")
    # Who holds the job does what is done with it: nobody with an older epoch.
    holder = None
    for line in lines:
        if line["action"] in ("claimed", "rescued"):
            holder = line["actor"]
        elif line["action"] in ("succeeded", "failed", "released", "retryScheduled") and line["actor"] != holder:
            raise Wrong(f"{job}: {line['actor']} has {line['action']} it, and {holder} held it")
    content = fleet.download(job)
    if hashlib.sha256(content).hexdigest() != expected or status["result"]["sha256"] != expected:
        raise Wrong(f"{job}: its answer is another one")
    return lines


def check_visible(fleet, output, jobs):
    """The output's name shows the newest result: of the job that succeeded last. jobs: ID → log."""
    newest = max(jobs, key=lambda job: next(line["at"] for line in jobs[job] if line["action"] == "succeeded"))
    sha = fleet.persist("getStatus", jobId=newest)["result"]["sha256"]
    if digest(os.path.join(fleet.data, output)) != sha:
        raise Wrong(f"{output} doesn't show the result of {newest}, the newest of {list(jobs)}")


def check_whole(fleet, output, digests):
    """Whatever the name shows, it is one whole result."""
    path = os.path.join(fleet.data, output)
    if os.path.exists(path) and digest(path) not in digests:
        raise Wrong(f"something partial is visible as {output}")


def check_folders(fleet, forgotten=()):
    """Nothing is left in the folders that no job names."""
    own = os.path.join(fleet.data, ".tally")
    staged = os.listdir(os.path.join(own, "publish"))
    if staged:
        raise Wrong(f"left in publish: {staged}")
    known = {}
    token = {}
    while True:
        page = fleet.persist("listJobs", pageSize=1000, **token)
        known |= {job["jobId"]: job for job in page["jobs"]}
        if "nextPageToken" not in page:
            break
        token = {"pageToken": page["nextPageToken"]}
    for job in os.listdir(os.path.join(own, "results")):
        for file in os.listdir(os.path.join(own, "results", job)):
            if job in forgotten:
                continue
            if job not in known or known[job]["state"] != "succeeded" or int(file.split("-")[0]) != known[job]["epoch"]:
                raise Wrong(f"a result that no job names is left: {job}/{file}")
    for folder in os.listdir(fleet.place):
        spill = os.path.join(fleet.place, folder, "spill")
        if os.path.isdir(spill) and os.listdir(spill):
            raise Wrong(f"left in {spill}: {os.listdir(spill)}")
    running = [job for job in known.values() if job["state"] not in ENDS]
    if running:
        raise Wrong(f"not ended: {running}")


def recoveries(logs, nodes):
    """Seconds from a worker's death to the claim of what it ran, by the claims that were rescues."""
    deaths = {str(pid): at for node in nodes for pid, at in node.deaths}
    found = []
    for lines in logs:
        holder = None
        for line in lines:
            if line["action"] == "rescued" and holder and holder.split("/")[1] in deaths:
                found.append(moment(line["at"]) - deaths[holder.split("/")[1]])
            if line["action"] in ("claimed", "rescued"):
                holder = line["actor"]
    return found

