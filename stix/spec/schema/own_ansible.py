"""The keys of a task's `config.ansible`."""

from stix.spec.schema.key import Key

OWN_ANSIBLE = Key(
    ("map",),
    "Ansible content of your own, played on the nodes before the task's `setup`: a playbook, or roles.",
    "ansible: {playbook: site.yml}",
    examples=("ansible: {roles: [ntp], vars: {ntp_server: 10.0.0.1}, requirements: requirements.yml}",),
    keys={
        "playbook": Key(("text",), "A playbook.", "playbook: site.yml"),
        "roles": Key(
            ("list",),
            "Roles for all nodes, as a playbook names them.",
            "roles: [ntp]",
            items=Key(("text", "map"), example="- ntp"),
        ),
        "vars": Key(("map",), "Variables for it.", "vars: {ntp_server: 10.0.0.1}"),
        "requirements": Key(
            ("text",),
            "A file that names the collections and roles it needs; what lacks is installed by ansible-galaxy.",
            "requirements: requirements.yml",
        ),
        "folder": Key(
            ("text",), "Where relative names start.", "folder: ../ops", default="the folder of the task file"
        ),
    },
)
