"""Nodes that come back after their job went on, or ended, without them."""

from tests.integration.agent.agents import eventually


def test_rank_of_a_job_that_ended_meanwhile_is_ended_when_its_worker_returns(cluster):
    head, worker = cluster(2)
    job_id = head.submit("sleep 300", num_nodes=2)
    eventually(lambda: worker.processes(job_id) and head.processes(job_id))
    worker.kill_daemon()
    assert head.wait(job_id)["reason"] == "node worker1 was lost"
    assert worker.processes(job_id)
    worker.install()
    eventually(lambda: not worker.processes(job_id))
    eventually(lambda: not list((worker.home / "ranks").iterdir()))


def test_job_survives_the_daemons_of_all_its_nodes(cluster):
    agents = cluster(2)
    head = agents[0]
    job_id = head.submit("for i in $(seq 60); do echo line-$i; sleep 0.05; done", num_nodes=2)
    eventually(lambda: "line-5" in head.log(job_id))
    for agent in agents:
        agent.kill_daemon()
    for agent in agents:
        agent.install()
    assert head.wait(job_id)["status"] == "SUCCEEDED"
    assert head.log(job_id).count("line-60") == 2
