"""The job provider against an API server that remembers: names, marks, endings, deletions."""

import copy

import pytest

from bot.adapters.metrics import job
from bot.model import errors, ports

CHECK = ports.Check(
    namespace="shop", run="app-1", uid="0123456789abcdef0123456789abcdef0123", metric="m", number=1
)
SPEC = {"backoffLimit": 0, "activeDeadlineSeconds": 9, "template": {"spec": {"containers": []}}}
MARKS = {"labels": {"kind": "check"}, "annotations": {"a": "b"}}


class Server:
    """Objects by kind and name; ``after`` runs between two looks."""

    def __init__(self):
        self.jobs, self.pods, self.deleted, self.problems = {}, [], [], []

    async def get(self, ref, *, urgent=False):
        if self.problems:
            raise self.problems.pop()
        if ref.name not in self.jobs:
            raise errors.NotFound(f"get jobs.batch {ref.name}")
        return copy.deepcopy(self.jobs[ref.name])

    async def list(self, kind, *, namespace="", selector=""):
        if kind == ports.POD:
            return self.pods
        key, _, value = selector.partition("=")
        return [j for j in self.jobs.values() if j["metadata"]["labels"].get(key) == value]

    async def write(self, write):
        if self.problems:
            raise self.problems.pop()
        if write.verb == ports.Verb.DELETE:
            if write.ref.name not in self.jobs:
                raise errors.NotFound("gone")
            self.deleted.append((write.ref.name, write.body))
            return self.jobs.pop(write.ref.name)
        if write.ref.name in self.jobs:
            raise errors.AlreadyExists(f"create jobs.batch {write.ref.name}: already exists")
        made = copy.deepcopy(write.body)
        made["metadata"]["uid"] = f"uid-{len(self.jobs)}"
        self.jobs[write.ref.name] = made
        return made


class Turns:
    """A sleep that takes no time; each one makes the next change of the world."""

    def __init__(self, *changes):
        self.changes, self.slept = list(changes), []

    async def __call__(self, seconds):
        self.slept.append(seconds)
        assert self.changes, "nobody changes anything any more"
        self.changes.pop(0)()


@pytest.fixture
def server():
    return Server()


def condition(kind, status="True"):
    return {
        "conditions": [{"type": "Suspended", "status": "False"}, {"type": kind, "status": status}]
    }


async def test_job_is_the_metrics_with_argos_marks_when_it_is_made(server):
    config = {"metadata": MARKS, "spec": SPEC}
    state = await job.Job(api=server).begin(config, check=CHECK)
    name = f"{CHECK.uid}.m.1"
    assert state == {"job-name": name, "job-namespace": "shop"}
    made = server.jobs[name]
    assert made["spec"] == SPEC
    assert made["metadata"]["labels"] == {
        "kind": "check",
        "analysisrun.argoproj.io/uid": CHECK.uid,
    }
    assert made["metadata"]["annotations"] == {
        "a": "b",
        "analysisrun.argoproj.io/name": "app-1",
        "analysisrun.argoproj.io/namespace": "shop",
        "analysisrun.argoproj.io/metric-name": "m",
    }
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("AnalysisRun", CHECK.uid, True)
    assert config == {"metadata": MARKS, "spec": SPEC}


@pytest.mark.parametrize(
    ("namespace", "elsewhere", "owned"),
    [("", False, True), ("shop", False, True), ("checks", False, False), ("shop", True, False)],
)
async def test_job_has_an_owner_only_where_its_run_is(server, namespace, elsewhere, owned):
    provider = job.Job(api=server, namespace=namespace, elsewhere=elsewhere)
    state = await provider.begin({"spec": SPEC}, check=CHECK)
    made = server.jobs[state["job-name"]]["metadata"]
    assert state["job-namespace"] == made["namespace"] == (namespace or "shop")
    assert made["annotations"]["analysisrun.argoproj.io/namespace"] == "shop"
    assert bool(made.get("ownerReferences")) is owned
    assert await provider.begin({"spec": SPEC}, check=CHECK) == state
    made["labels"] = {"analysisrun.argoproj.io/uid": "another run's"}
    if not owned:
        with pytest.raises(ports.MetricError):
            await provider.begin({"spec": SPEC}, check=CHECK)


@pytest.mark.parametrize("number", [1, 99, 12345])
def test_job_name_fits_into_a_label_when_the_metric_has_a_long_name(number):
    check = ports.Check(
        namespace="n", run="r", uid=CHECK.uid, metric="a-very-long-name-" * 5, number=number
    )
    name = job.name_of(check)
    assert len(name) == 63
    assert name.startswith(f"{CHECK.uid}.a-very-long")
    assert name.endswith(f".{number}")


async def test_job_is_taken_over_when_an_earlier_try_has_made_it(server):
    provider = job.Job(api=server)
    first = await provider.begin({"spec": SPEC}, check=CHECK)
    assert await provider.begin({"spec": SPEC}, check=CHECK) == first
    assert len(server.jobs) == 1


@pytest.mark.parametrize("change", ["owner", "metric"])
async def test_job_is_refused_when_its_name_belongs_to_another(server, change):
    provider = job.Job(api=server)
    state = await provider.begin({"spec": SPEC}, check=CHECK)
    meta = server.jobs[state["job-name"]]["metadata"]
    if change == "owner":
        meta["ownerReferences"][0]["uid"] = "else"
    else:
        meta["annotations"][job.METRIC] = "else"
    with pytest.raises(ports.MetricError, match="already exists"):
        await provider.begin({"spec": SPEC}, check=CHECK)


async def test_job_that_the_server_refuses_is_an_error_with_its_words(server):
    server.problems = [errors.Refused("spec.template: Required value")]
    with pytest.raises(ports.MetricError, match="Required value"):
        await job.Job(api=server).begin({"spec": {}}, check=CHECK)


@pytest.mark.parametrize("config", [{}, {"spec": []}, {"spec": {}, "metadata": "x"}])
async def test_job_without_a_spec_is_an_error(server, config):
    with pytest.raises(ports.MetricError, match="an object is needed"):
        await job.Job(api=server).begin(config, check=CHECK)
    assert not server.jobs


@pytest.mark.row(98)
@pytest.mark.parametrize(("kind", "phase"), [("Complete", "Successful"), ("Failed", "Failed")])
async def test_job_ends_the_measurement_when_its_condition_is_true(server, kind, phase):
    provider = job.Job(api=server)
    state = await provider.begin({"spec": SPEC}, check=CHECK)
    found = server.jobs[state["job-name"]]
    turns = Turns(
        lambda: found.update(status=condition(kind, "False")),
        lambda: found.update(status=condition(kind)),
    )
    # A provider that has never heard of it: all it needs stands in the state.
    ending = await job.Job(api=server, sleep=turns).follow(state)
    assert ending == ports.Ending(phase=phase)
    assert turns.changes == []


@pytest.mark.row(98)
@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
async def test_job_is_inconclusive_and_goes_when_its_image_cannot_be_had(server, reason):
    state = await job.Job(api=server).begin({"spec": SPEC}, check=CHECK)
    server.jobs[state["job-name"]]["status"] = {"active": 1, "ready": 0}
    waiting = {"name": "c", "state": {"waiting": {"reason": reason, "message": "no"}}}
    turns = Turns(lambda: server.pods.append({"status": {"containerStatuses": [waiting]}}))
    ending = await job.Job(api=server, sleep=turns).follow(state)
    assert ending.phase == "Inconclusive"
    assert reason in ending.message
    assert server.deleted == [(state["job-name"], {"propagationPolicy": "Foreground"})]


async def test_job_is_an_error_when_somebody_deletes_it(server):
    state = await job.Job(api=server).begin({"spec": SPEC}, check=CHECK)
    turns = Turns(server.jobs.clear)
    with pytest.raises(ports.MetricError, match=r"jobs\.batch"):
        await job.Job(api=server, sleep=turns).follow(state)


async def test_job_is_followed_on_when_the_server_is_away_for_a_moment(server):
    state = await job.Job(api=server).begin({"spec": SPEC}, check=CHECK)
    server.jobs[state["job-name"]]["status"] = condition("Complete")
    server.problems = [errors.Unavailable("503")] * 4
    ending = await job.Job(api=server, sleep=Turns(*[int] * 4)).follow(state)
    assert ending.phase == "Successful"
    server.problems = [errors.Unavailable("503")] * 5
    with pytest.raises(ports.MetricError, match="503"):
        await job.Job(api=server, sleep=Turns(*[int] * 5)).follow(state)


@pytest.mark.row(98)
async def test_job_is_deleted_in_the_foreground_when_it_is_terminated(server):
    provider = job.Job(api=server)
    state = await provider.begin({"spec": SPEC}, check=CHECK)
    expected = ports.Ending(phase="Successful", message="Metric Terminated")
    assert await provider.terminate(state) == expected
    assert server.deleted == [(state["job-name"], {"propagationPolicy": "Foreground"})]
    assert await provider.terminate(state) == expected


async def test_old_jobs_of_the_metric_go_when_more_are_there_than_are_kept(server):
    provider = job.Job(api=server)
    for metric, count in (("m", 12), ("other", 2)):
        for number in range(1, count + 1):
            check = ports.Check(
                namespace="shop", run="app-1", uid=CHECK.uid, metric=metric, number=number
            )
            await provider.begin({"spec": SPEC}, check=check)
    await provider.collect(CHECK, keep=10)
    assert [name.rpartition(".")[2] for name, _ in server.deleted] == ["2", "1"]
    assert all("preconditions" in body for _, body in server.deleted)
    assert len(server.jobs) == 12
