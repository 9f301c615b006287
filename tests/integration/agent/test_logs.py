"""Logs: prefixed, limited, followed."""

import re
import time

from tests.integration.agent.agents import eventually


def test_tail_offset_and_exit_statuses(cluster):
    head = cluster()[0]
    job_id = head.submit("seq 1 5000; printf unfinished")
    head.wait(job_id)
    whole = head.log(job_id)
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 5001 and lines[-1].endswith(") unfinished")
    for count in (1, 2, 3000):
        assert head.run("logs", "--job", str(job_id), "--tail", str(count)).stdout.decode() == "".join(lines[-count:])
    assert head.run("logs", "--job", str(job_id), "--tail", "99999").stdout.decode() == whole
    assert head.run("logs", "--job", str(job_id), "--offset", "1000").stdout.decode() == whole[1000:]
    failed, cancelled = head.submit("exit 1"), head.submit("sleep 300")
    head.wait(failed)
    assert head.run("logs", "--job", str(cancelled)).returncode == 101
    head.call("cancel")
    head.wait(cancelled)
    status = [head.run("logs", "--job", str(n)).returncode for n in (job_id, failed, 77, cancelled)]
    assert status == [0, 100, 102, 103]
    assert head.run("logs").returncode == 103


def test_follow_shows_lines_at_once_and_ends_with_the_job(cluster):
    head = cluster()[0]
    job_id = head.submit(
        "until [ -e $HOME/go ]; do sleep 0.02; done; date +%s.%N; sleep 0.5; printf 'Continue? '; sleep 0.5; exit 4"
    )
    process = head.popen("logs", "--job", str(job_id), "--follow")
    time.sleep(0.3)
    (head.user_home / "go").touch()
    line = process.stdout.readline()
    assert time.time() - float(line.split()[-1]) < 2
    prompt = process.stdout.read(len(line.partition(b") ")[0]) + 2 + len("Continue? "))
    assert prompt.endswith(b") Continue? ") and process.poll() is None
    rest, _ = process.communicate(timeout=60)
    assert b"stix: job 1 FAILED" in rest and process.returncode == 100


def test_follow_survives_a_restart_of_the_agent(cluster):
    head = cluster()[0]
    job_id = head.submit("for i in $(seq 30); do echo n$i; sleep 0.05; done")
    process = head.popen("logs", "--job", str(job_id), "--follow")
    process.stdout.readline()
    head.kill_daemon()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert re.findall(rb"\bn(\d+)", out) == [b"%d" % n for n in range(2, 31)]


def test_rotation_keeps_the_limit_says_what_was_dropped_and_is_followed(cluster):
    head = cluster(log_max_bytes=20000, log_files=3)[0]
    job_id = head.submit("for i in $(seq 4000); do echo line-$i; [ $((i % 100)) = 0 ] && sleep 0.02; done")
    process = head.popen("logs", "--job", str(job_id), "--follow")
    out, _ = process.communicate(timeout=60)
    shown = [int(n) for n in re.findall(rb"line-(\d+)", out)]
    assert shown == list(range(1, 4001))
    kept = list((head.home / f"jobs/{job_id}").glob("run.log*"))
    assert len(kept) == 3 and sum(path.stat().st_size for path in kept) <= 60000
    late = head.log(job_id)
    notice = re.match(r"\[stix: (\d+) bytes of older log were dropped here: the log reached its size limit\]\n", late)
    assert int(notice.group(1)) + len(late) - notice.end() == len(out)
    assert out.decode().endswith(late[notice.end() :])
    tail = head.run("logs", "--job", str(job_id), "--tail", "1500").stdout.decode().splitlines()
    assert len(tail) == 1500 and tail[0].endswith("line-2501")


def test_progress_bars_keep_their_carriage_returns(cluster):
    head = cluster()[0]
    job_id = head.submit(r"printf '10%%\r'; sleep 0.3; printf '20%%\r'; sleep 0.3; printf '30%%\n'")
    head.wait(job_id)
    assert (
        re.sub(r"pid=\d+", "", (head.home / f"jobs/{job_id}/run.log").read_bytes().decode())
        == "(job, ) 10%\r(job, ) 20%\r(job, ) 30%\n"
    )


def test_logs_of_a_job_that_waits_are_followed_from_its_start(cluster):
    head = cluster()[0]
    first = head.submit("while [ ! -e $HOME/go ]; do sleep 0.05; done", cpus=4)
    second = head.submit("echo mine", cpus=4)
    process = head.popen("logs", "--job", str(second), "--follow")
    eventually(lambda: head.job(first)["status"] == "RUNNING")
    (head.user_home / "go").touch()
    out, _ = process.communicate(timeout=60)
    assert out.endswith(b") mine\n") and process.returncode == 0


def test_following_says_first_where_it_begins_so_that_it_can_go_on_there(cluster):
    head = cluster(log_max_bytes=4000, log_files=2)[0]
    job_id = head.submit("seq 1 900")
    head.wait(job_id)
    for words in ([], ["--tail", "100"], ["--offset", "9000"]):
        shown = head.run("logs", "--job", str(job_id), "--follow", *words)
        told = re.match(rb"offset=(\d+)\n", shown.stderr)
        half = len(shown.stdout) // 2
        rest = head.run("logs", "--job", str(job_id), "--offset", str(int(told.group(1)) + half))
        assert rest.stdout == shown.stdout[half:], words
    assert b"offset" not in head.run("logs", "--job", str(job_id)).stderr


def test_the_last_lines_of_one_rank_are_its_own(cluster):
    head = cluster(2)[0]
    job_id = head.submit("[ $SKYPILOT_NODE_RANK = 1 ] || sleep 1; seq 50; echo rank $SKYPILOT_NODE_RANK", num_nodes=2)
    head.wait(job_id)
    for words in ([], ["--follow"]):
        for rank in (0, 1):
            shown = head.run("logs", "--job", str(job_id), "--rank", str(rank), "--tail", "2", *words).stdout
            assert shown == b"50\nrank %d\n" % rank, (rank, words)
