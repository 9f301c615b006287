"""The playbooks that AWX runs for one task. Pure.

Each job of AWX runs in a fresh container with the inventory that AWX has: nothing that a playbook writes is there for
the next one. So the machines are asked for at the beginning of each, and put into the inventory in memory.
"""

GROUPS = """\
# AWX keeps variables of groups only where it has the groups; machines come into them while a job runs.
all:
  children:
    stix_nodes: {}
    stix_head: {}
"""

HEAD = (
    "# Written by `stix export awx`; what each variable means is in collections/.../stix/core/roles/*/README.md.\n---\n"
)

NODES = """\
- name: Put the machines into the inventory
  hosts: stix_cloud
  gather_facts: false
  vars:
    found: "{{ (ansible_facts.stix_instances | stix.core.node_inventory).all.children.stix_nodes }}"
  tasks:
    - name: Add each of them
      ansible.builtin.add_host:
        name: "{{ item.key }}"
        groups: "{{ ['stix_nodes'] + (['stix_head'] if item.value.stix_rank | int == 0 else []) }}"
      args: "{{ found.vars | default({}) | combine(item.value) }}"
      loop: "{{ found.hosts | dict2items }}"
      loop_control:
        label: "{{ item.key }}"
      changed_when: false
"""

LOOK = """\
- name: Look at the machines
  ansible.builtin.import_playbook: stix.core.query

"""

UP = """\
- name: Make the machines
  ansible.builtin.import_playbook: stix.core.provision

{nodes}
- name: Set them up, bring the files, hand over the job
  ansible.builtin.import_playbook: stix.core.up
"""

START = """\
- name: Start the machines, or make them
  ansible.builtin.import_playbook: stix.core.provision

{nodes}
- name: Set them up
  ansible.builtin.import_playbook: stix.core.setup
"""

RUN = """\
{look}{nodes}
- name: Hand another job to the agent
  ansible.builtin.import_playbook: stix.core.run_job
  vars:
    job_no_setup: true
"""

WAIT = """\
{look}{nodes}
- name: Wait for the jobs
  hosts: stix_head
  gather_facts: false
  vars:
    agent: "{{ skylet_home | default('~/.stix/agent') }}"
  tasks:
    - name: Wait until none waits or runs
      stix.core.agent_call:
        home: "{{ agent }}"
        request: queue
        params: {skip_finished: true, all_users: true}
      register: left
      until: left is success and left.answer.jobs | length == 0
      retries: "{{ (wait_minutes | default(1440) | int) * 6 }}"
      delay: 10

    - name: Ask how the newest ended
      stix.core.agent_call:
        home: "{{ agent }}"
        request: queue
        params: {limit: 1, all_users: true}
      register: newest

    - name: Fail as it did
      ansible.builtin.assert:
        that: newest.answer.jobs | rejectattr('status', 'equalto', 'SUCCEEDED') | length == 0
        fail_msg: "{{ (newest.answer.jobs | map(attribute='reason') | select | list + ['it failed']) | first }}"
"""

LOGS = """\
{look}{nodes}
- name: Fetch the logs
  ansible.builtin.import_playbook: stix.core.logs
{vars}
- name: Show them
  hosts: stix_cloud
  gather_facts: false
  tasks:
    - name: Show what each job wrote
      ansible.builtin.debug:
        msg: "{{ lookup('ansible.builtin.file', item).splitlines() }}"
      loop: "{{ query('ansible.builtin.fileglob', inventory_dir | dirname ~ '/logs/*.log') }}"
      loop_control:
        label: "{{ item | basename }}"
"""

STATUS = """\
{look}{nodes}
- name: Show the machines
  hosts: stix_cloud
  gather_facts: false
  tasks:
    - name: Show each with its state
      ansible.builtin.debug:
        msg: "{{ item.name }}: {{ item.state }}, {{ item.id }}"
      loop: "{{ ansible_facts.stix_instances }}"
      loop_control:
        label: "{{ item.name }}"

- name: Show the jobs
  hosts: stix_head
  gather_facts: false
  tasks:
    - name: Ask the agent
      stix.core.agent_call:
        home: "{{ skylet_home | default('~/.stix/agent') }}"
        request: queue
      register: queue

    - name: Show each with its status
      ansible.builtin.debug:
        msg: "{{ item.job_id }} {{ item.name }}: {{ item.status }}"
      loop: "{{ queue.answer.jobs }}"
      loop_control:
        label: "{{ item.job_id }}"
"""

CANCEL = """\
{look}{nodes}
- name: Take jobs back
  ansible.builtin.import_playbook: stix.core.cancel_job
{vars}"""

AUTOSTOP = """\
{look}{nodes}
- name: Say when idle machines are let go
  ansible.builtin.import_playbook: stix.core.autostop
{vars}"""

STOP = """\
{look}{nodes}
- name: Stop the machines, which keep their disks
  ansible.builtin.import_playbook: stix.core.stop
"""

DOWN = """\
{look}{nodes}
- name: Remove the machines
  ansible.builtin.import_playbook: stix.core.terminate
"""

PLAYBOOKS = {
    "up": UP, "run": RUN, "wait": WAIT, "logs": LOGS, "status": STATUS, "cancel": CANCEL, "autostop": AUTOSTOP,
    "start": START, "stop": STOP, "down": DOWN,
}  # fmt: skip
"""Verb -> its playbook, before `rendered`."""


def rendered(verb: str, variables: str = "") -> str:
    """The text of a verb's playbook.

    Args:
        variables: lines of YAML, `name: value`, for the playbook that it calls.
    """
    told = "".join(f"    {line}\n" for line in variables.splitlines())
    text = PLAYBOOKS[verb].replace("{look}", LOOK).replace("{nodes}", NODES)
    return HEAD + text.replace("{vars}", f"  vars:\n{told}" if told else "")
